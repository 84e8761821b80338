import Networks
import Settings
import Tensors

/// The size of the images of a data set.
public struct ImageShape: Equatable, Sendable {
  public var height: Int
  public var width: Int
  public var channels: Int

  public init(height: Int, width: Int, channels: Int = 3) {
    self.height = height
    self.width = width
    self.channels = channels
  }
}

/// The part of a tokenizer that directions and generation need.
public protocol Quantizer: Sendable {
  var space: TokenSpace { get }
  /// The tokens closest to values [batch, rows, width]; identity when the space is continuous.
  func tokens(nearest values: Tensor) -> Tokens
  func tokens(coded codes: Indices) -> Tokens
  /// What a token map adds to the latent, at depth 0 (coarsest) ... 1 (finest); identity unless a tokenizer learns one.
  func refined(_ map: Tensor, at depth: Float) -> Tensor
}

extension Quantizer {
  public func refined(_ map: Tensor, at depth: Float) -> Tensor { map }

  public func tokens(_ draw: Draw) -> Tokens {
    switch draw.content {
    case .codes(let codes): tokens(coded: codes)
    case .values(let values): tokens(nearest: values)
    }
  }
}

/// A quantizer that leaves vectors as they are: the space is continuous.
public struct Identity: Quantizer {
  public let space: TokenSpace

  public init(width: Int) { space = TokenSpace(width: width) }

  public func tokens(nearest values: Tensor) -> Tokens { Tokens(values: values) }

  public func tokens(coded codes: Indices) -> Tokens {
    preconditionFailure("a continuous space has no codes")
  }
}

/// From images to a latent and back.
public protocol Tokenizer: Component, Module {
  /// The cells of its latent; asked first, so that the direction can be made before the tokenizer.
  static func grid(_ settings: inout Settings, images: ImageShape) throws(SettingsError) -> Grid
  init(_ settings: inout Settings, images: ImageShape, layout: Layout, _ random: inout Random) throws(SettingsError)
  var quantizer: any Quantizer { get }
  /// Images [batch, height, width, 3] in [-1, 1] to a latent [batch, rows, columns, channels].
  func encode(_ images: Tensor, _ random: inout Random) -> Tensor
  /// What `encode` draws from: `posterior(of: images).draw(&random)` is `encode(images, &random)` but for rounding.
  /// It is kept on disk, so that training encodes each image once. A tokenizer that draws nothing leaves this out.
  func posterior(of images: Tensor) -> Posterior
  /// A latent to images in about [-1, 1].
  func decode(_ latent: Tensor) -> Tensor
  /// What its own training lowers: one number, and its parts by name for the log. Nil if there is nothing to train.
  func trainingLoss(_ images: Tensor, laidOutBy direction: any RegressionDirection, _ random: inout Random)
    -> TokenizerLoss?
  /// A network that is trained against this one by `TokenizerLoss.discriminator`, with an optimizer of its own (a
  /// discriminator). Its parameters are not found among the tokenizer's. Nil, the default, if there is none.
  var discriminator: (any Module)? { get }
  /// Whether its codes are learned for the layout of one direction, so that another direction needs it trained anew.
  var followsLayout: Bool { get }
  /// Files it depends on, for the record of inputs.
  var files: [String] { get }
  /// Fixes what is measured once training has ended (mean and deviation of the latents), from images of the data set.
  mutating func calibrate(on images: Tensor, _ random: inout Random)
}

extension Tokenizer {
  public mutating func calibrate(on images: Tensor, _ random: inout Random) {}
  public var discriminator: (any Module)? { nil }
  public var followsLayout: Bool { false }
  public var files: [String] { [] }

  public func posterior(of images: Tensor) -> Posterior {
    var random = Random(seed: 0, samples: Array(0..<images.shape[0]))
    return Posterior(mean: encode(images, &random))
  }
}

/// What latents are drawn from: a Gaussian for each number, or the number itself.
public struct Posterior: Sendable {
  /// [batch, rows, columns, channels], as models see it.
  public var mean: Tensor
  /// Of the same shape; nil where nothing is drawn.
  public var logVariance: Tensor?

  public init(mean: Tensor, logVariance: Tensor? = nil) {
    self.mean = mean
    self.logVariance = logVariance
  }

  /// A latent; with a variance another one every time.
  public func draw(_ random: inout Random) -> Tensor {
    guard let logVariance else { return mean }
    return mean + (logVariance * 0.5).exponential * random.normal(mean.shape, "posterior")
  }
}

/// What a tokenizer's training lowers.
public struct TokenizerLoss: Sendable {
  public var total: Tensor
  public var parts: [(name: String, value: Float)]
  /// What the discriminator's training lowers at the same step; nil while it rests.
  public var discriminator: Tensor?

  public init(total: Tensor, parts: [(name: String, value: Float)], discriminator: Tensor? = nil) {
    self.total = total
    self.parts = parts
    self.discriminator = discriminator
  }
}
