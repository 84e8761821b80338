import Networks
import Settings
import Tensors

/// The size of the images of a data set, in pixels.
public struct ImageShape: Equatable, Sendable {
  /// Rows of pixels.
  public var height: Int
  /// Columns of pixels.
  public var width: Int
  /// Colour channels.
  public var channels: Int

  /// A size; images are RGB unless `channels` says otherwise.
  public init(height: Int, width: Int, channels: Int = 3) {
    self.height = height
    self.width = width
    self.channels = channels
  }
}

/// The map between vectors and tokens, as directions and generation use it.
public protocol Quantizer: Sendable {
  /// The space of its tokens.
  var space: TokenSpace { get }
  /// Returns the tokens nearest to vectors [batch, rows, width]; the vectors themselves in a continuous space.
  func tokens(nearest values: Tensor) -> Tokens
  /// Returns the tokens of codes [batch][rows].
  func tokens(coded codes: Indices) -> Tokens
  /// Returns the contribution of a token map to the latent, at depth 0 (coarsest) ... 1 (finest): the map itself
  /// unless a tokenizer learns convolutions (VAR's phi).
  func refined(_ map: Tensor, at depth: Float) -> Tensor
}

extension Quantizer {
  /// The map itself.
  public func refined(_ map: Tensor, at depth: Float) -> Tensor { map }

  /// Returns the tokens of a draw.
  public func tokens(_ draw: Draw) -> Tokens {
    switch draw.content {
    case .codes(let codes): tokens(coded: codes)
    case .values(let values): tokens(nearest: values)
    }
  }
}

/// The quantizer of a continuous space: vectors are tokens.
public struct Identity: Quantizer {
  /// A continuous space.
  public let space: TokenSpace

  /// The quantizer of vectors of `width` numbers.
  public init(width: Int) { space = TokenSpace(width: width) }

  /// The vectors themselves.
  public func tokens(nearest values: Tensor) -> Tokens { Tokens(values: values) }

  /// A programmer error: a continuous space has no codes.
  public func tokens(coded codes: Indices) -> Tokens {
    preconditionFailure("a continuous space has no codes")
  }
}

/// An autoencoder between images and latents.
public protocol Tokenizer: Component, Module {
  /// Reads the size of its latent from settings alone, so that the direction can be made before the tokenizer.
  static func grid(_ settings: inout Settings, images: ImageShape) throws(SettingsError) -> Grid
  /// Reads its settings and makes parameters.
  init(_ settings: inout Settings, images: ImageShape, layout: Layout, _ random: inout Random) throws(SettingsError)
  /// The map between vectors of its latent and tokens.
  var quantizer: any Quantizer { get }
  /// Encodes images [batch, height, width, 3] in [-1, 1] as a latent [batch, rows, columns, channels].
  func encode(_ images: Tensor, _ random: inout Random) -> Tensor
  /// Returns the distribution that `encode` draws from: `posterior(of: images).draw(&random)` is `encode(images,
  /// &random)` but for rounding.
  /// It is kept on disk, so that training encodes each image once. A tokenizer that draws nothing leaves this out.
  func posterior(of images: Tensor) -> Posterior
  /// Decodes a latent to images in about [-1, 1].
  func decode(_ latent: Tensor) -> Tensor
  /// Returns the loss of its training; nil if there is nothing to train.
  func trainingLoss(_ images: Tensor, laidOutBy direction: any RegressionDirection, _ random: inout Random)
    -> TokenizerLoss?
  /// Distances of reconstructions to their images [batch, height, width, 3] by name, means over the batch, as the
  /// training has them, without terms of a discriminator or of the latent: for validation.
  func distances(of reconstructions: Tensor, to images: Tensor) -> [(name: String, value: Float)]
  /// A network that is trained against this one by `TokenizerLoss.discriminator`, with an optimizer of its own (a
  /// discriminator). Its parameters are not found among the tokenizer's. Nil, the default, if there is none.
  var discriminator: (any Module)? { get }
  /// True if its codes are learned for the layout of one direction, so that another direction needs it trained anew.
  var followsLayout: Bool { get }
  /// The files that it reads, for the record of inputs.
  var files: [String] { get }
  /// Measures statistics after training (mean and standard deviation of latents) on images of the data set.
  mutating func calibrate(on images: Tensor, _ random: inout Random)
}

extension Tokenizer {
  /// Measures nothing.
  public mutating func calibrate(on images: Tensor, _ random: inout Random) {}
  /// None.
  public var discriminator: (any Module)? { nil }
  /// False: any direction can use it.
  public var followsLayout: Bool { false }
  /// None.
  public var files: [String] { [] }

  /// The mean squared error.
  public func distances(of reconstructions: Tensor, to images: Tensor) -> [(name: String, value: Float)] {
    [("reconstruction", (images - reconstructions).squared.mean.scalar)]
  }

  /// The latents themselves: nothing is drawn.
  public func posterior(of images: Tensor) -> Posterior {
    var random = Random(seed: 0, samples: Array(0..<images.shape[0]))
    return Posterior(mean: encode(images, &random))
  }
}

/// The distribution of latents: a Gaussian for each number, or the number itself.
public struct Posterior: Sendable {
  /// Means, [batch, rows, columns, channels], scaled as models use them.
  public var mean: Tensor
  /// Logarithms of variances, of the same shape; nil where nothing is drawn.
  public var logVariance: Tensor?

  /// A Gaussian, or without variance a number.
  public init(mean: Tensor, logVariance: Tensor? = nil) {
    self.mean = mean
    self.logVariance = logVariance
  }

  /// Draws a latent, mean + exp(logVariance / 2) * noise.
  public func draw(_ random: inout Random) -> Tensor {
    guard let logVariance else { return mean }
    return mean + (logVariance * 0.5).exponential * random.normal(mean.shape, "posterior")
  }
}

/// The loss of a tokenizer's training.
public struct TokenizerLoss: Sendable {
  /// The number that training minimizes.
  public var total: Tensor
  /// Its terms by name, for the log.
  public var parts: [(name: String, value: Float)]
  /// The loss of the discriminator at the same step; nil before it begins to train.
  public var discriminator: Tensor?

  /// A loss with its terms.
  public init(total: Tensor, parts: [(name: String, value: Float)], discriminator: Tensor? = nil) {
    self.total = total
    self.parts = parts
    self.discriminator = discriminator
  }
}
