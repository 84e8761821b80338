import Autoregression
import Networks
import Settings
import Tensors

/// A tokenizer with a convolutional encoder and decoder, trained by reconstruction: the members that the continuous and
/// both vector-quantized autoencoders have in common.
package protocol ConvolutionalAutoencoder: Tokenizer {
  /// Images to features.
  var encoder: Encoder { get }
  /// The latent to the decoder's input.
  var fromLatent: Convolution2D { get }
  /// Features to images.
  var decoder: Decoder { get }
  /// Distances of reconstructions to images.
  var reconstructionLoss: ReconstructionLoss { get }
}

extension ConvolutionalAutoencoder {
  /// The reconstruction loss has a shorter name in checkpoints.
  package static var checkpointNames: [String: String] { ["reconstructionLoss": "fidelity"] }

  /// The grid of the latent: the image by the stride.
  package static func grid(_ settings: inout Settings, images: ImageShape) throws(SettingsError) -> Grid {
    try AutoencoderConfiguration.grid(&settings, images: images, of: key)
  }

  /// The images of a latent [batch, rows, columns, channels], as the decoder gets it.
  func reconstruction(of latent: Tensor) -> Tensor { decoder(fromLatent(latent)) }

  /// The loss of the reconstruction of images [batch, height, width, 3] from a latent [batch, rows, columns, channels].
  func reconstructionLoss(of latent: Tensor, _ images: Tensor) -> TokenizerLoss {
    reconstructionLoss(images, decoder.features(fromLatent(latent)), through: decoder.output)
  }

  /// Pixel and perceptual distance.
  package func distances(of reconstructions: Tensor, to images: Tensor) -> [(name: String, value: Float)] {
    reconstructionLoss.distanceLoss(images, reconstructions).parts
  }

  /// The file of the perceptual network, if any.
  package var files: [String] { reconstructionLoss.files }

  /// The discriminator of the adversarial loss, if any.
  package var discriminator: (any Module)? { reconstructionLoss.adversarial?.discriminator }
}
