import Glibc
import Tensors

/// Latents of a data set, one row per image, so that images are encoded once.
///
/// - attributes of the root: Conventions "Overtone-1", file_type "latents", channels, written (rows so far)
/// - /mean [sample, row, column, channel]: float32, as models see it, with /logvar of the same shape where latents are
///   drawn from Gaussians; or /codes [sample, row, column]: int32, where an index of the codebook determines a token
/// - /label [sample]: int64
/// - group /mirrored: the same data sets of the images mirrored left to right, where training flips them
/// - groups /crop-1 to /crop-4, and within /mirrored: those of further windows of the images, where training crops them
public struct LatentFile {
  /// The content and the shape of a file.
  public struct Form: Equatable, Sendable {
    /// The three kinds of latents.
    public enum Content: String, Sendable {
      /// Points: /mean alone.
      case values
      /// Gaussians of which latents are drawn: /mean and /logvar.
      case gaussians
      /// Indices of a codebook: /codes.
      case codes
      fileprivate var names: [String] { self == .codes ? ["codes"] : self == .values ? ["mean"] : ["mean", "logvar"] }
    }
    /// Points, Gaussians or codes.
    public var content: Content
    /// Number of images, and so of rows in each orientation.
    public var count: Int
    /// [rows, columns, channels]; the channels of a code are those it stands for.
    public var shape: [Int]
    /// True if the rows of the mirrored images are stored as well.
    public var isMirroredToo: Bool
    /// Windows of each image, 1 to 5.
    public var crops: Int

    /// Creates a form; `shape` is [rows, columns, channels].
    public init(_ content: Content, count: Int, shape: [Int], isMirroredToo: Bool, crops: Int = 1) {
      self.content = content
      self.count = count
      self.shape = shape
      self.isMirroredToo = isMirroredToo
      self.crops = crops
    }

    /// Rows of each image: of every window as it is, then of every window mirrored.
    public var views: Int { crops * (isMirroredToo ? 2 : 1) }

    /// Numbers of one row of one data set.
    public var width: Int { content == .codes ? shape[0] * shape[1] : shape.product }

    /// On disk, and in memory if it is read whole.
    public var bytes: Int { count * width * content.names.count * views * 4 }

    fileprivate var groups: [String] {
      (isMirroredToo ? ["", "mirrored/"] : [""]).flatMap { side in
        (0..<crops).map { $0 == 0 ? side : "\(side)crop-\($0)/" }
      }
    }
  }

  /// Rows of one view.
  public enum Rows: Sendable {
    /// Means and log-variances [rows, row, column, channel], flat.
    case numbers(mean: [Float], logVariance: [Float])
    /// Indices of the codebook [rows, row, column], flat.
    case codes([Int32])
  }

  /// The content and the shape.
  public let form: Form
  /// Class of every image [count].
  public let labels: [Int]
  private let reader: Reader

  /// Opens a whole file; throws `StorageError` for files of other kinds and for shapes that do not fit together.
  public init(_ path: String) throws(StorageError) {
    reader = try Reader(path)
    guard reader.text(attribute: "file_type") == "latents" else {
      throw .unreadable(path: path, why: "this is not a file of latents.")
    }
    let content: Form.Content = reader.has("codes") ? .codes : reader.has("logvar") ? .gaussians : .values
    var shape = try reader.shape(of: content.names[0])
    if content == .codes { shape.append(reader.wholeNumber(attribute: "channels") ?? 1) }
    guard shape.count == 4 else {
      throw .wrongShape(path: path, name: content.names[0], found: shape, wanted: [shape.first ?? 0, 4, 4, 4])
    }
    form = Form(
      content, count: shape[0], shape: Array(shape.dropFirst()), isMirroredToo: reader.has("mirrored"),
      crops: Self.crops(reader))
    labels = try reader.ints("label")
    guard labels.count == form.count else {
      throw .wrongShape(path: path, name: "label", found: [labels.count], wanted: [form.count])
    }
  }

  /// The windows of each image in a file.
  private static func crops(_ reader: Reader) -> Int { 1 + (1..<5).prefix { reader.has("crop-\($0)") }.count }

  /// Some rows of a view, by its number.
  public func rows(_ range: Range<Int>, view: Int) throws(StorageError) -> Rows {
    let group = form.groups[view]
    if form.content == .codes { return .codes(try reader.codes("\(group)codes", rows: range)) }
    return .numbers(
      mean: try reader.floats("\(group)mean", rows: range),
      logVariance: form.content == .gaussians ? try reader.floats("\(group)logvar", rows: range) : [])
  }

  /// A file of latents being made, over more than one sitting if need be: it has a temporary name until it is whole.
  public final class Making {
    /// The content and the shape, which are settled before the first row.
    public let form: Form
    /// The number of rows written so far.
    public private(set) var done: Int
    private let path: String
    /// Nil once the file is whole.
    private var writer: Writer?

    private static func unfinished(_ path: String) -> String { "\(path).part" }

    /// Goes on with what was begun, if that has the same form; else begins.
    public init(_ path: String, _ form: Form) throws(StorageError) {
      self.form = form
      self.path = path
      let part = Self.unfinished(path)
      if let done = Self.progress(part, form), let writer = Writer.goOn(part, final: path) {
        (self.done, self.writer) = (done, writer)
        return
      }
      unlink(part)
      done = 0
      let writer = try Writer.begin(part, final: path)
      self.writer = writer
      try writer.attribute("Conventions", "Overtone-1")
      try writer.attribute("file_type", "latents")
      try writer.attribute("channels", form.shape[2])
      try writer.attribute("written", 0)
      let axes = [Axis("sample"), Axis("row"), Axis("column"), Axis("channel")]
      for group in form.groups {
        for name in form.content.names {
          let shape = [form.count] + (form.content == .codes ? Array(form.shape[..<2]) : form.shape)
          let rowAxes = Array(axes[..<shape.count])
          if form.content == .codes {
            try writer.createRows(of: Int32.self, group + name, shape: shape, axes: rowAxes)
          } else {
            try writer.createRows(of: Float.self, group + name, shape: shape, axes: rowAxes)
          }
        }
      }
      // [count]
      try writer.createRows(of: Int64.self, "label", shape: [form.count], axes: [axes[0]])
      try writer.finish()
    }

    /// The number of rows of an unfinished file of this form; nil if it has another form.
    private static func progress(_ part: String, _ form: Form) -> Int? {
      guard let reader = try? Reader(part), let done = reader.wholeNumber(attribute: "written"), done >= 0,
        reader.attribute("channels") == [Double(form.shape[2])], reader.has("mirrored") == form.isMirroredToo,
        LatentFile.crops(reader) == form.crops,
        // Checks are written last, once: a crash among them leaves a file to which they cannot be added again.
        !reader.has("checks")
      else { return nil }
      let shape = [form.count] + (form.content == .codes ? Array(form.shape[..<2]) : form.shape)
      for name in form.content.names { guard (try? reader.shape(of: name)) == shape else { return nil } }
      guard form.content == .gaussians || !reader.has("logvar") else { return nil }
      return min(form.count, done)
    }

    /// Adds rows after those that are there, an entry for each view.
    public func append(_ views: [Rows], labels: [Int]) throws(StorageError) {
      precondition(views.count == form.views, "\(views.count) views of \(form.views)")
      guard let writer else { preconditionFailure("rows are added to a file that is whole") }
      for (group, rows) in zip(form.groups, views) {
        switch rows {
        case .codes(let codes): try writer.write(codes, "\(group)codes", from: done)
        case .numbers(let mean, let logVariance):
          try writer.write(mean, "\(group)mean", from: done)
          if !logVariance.isEmpty { try writer.write(logVariance, "\(group)logvar", from: done) }
        }
      }
      try writer.write(labels.map { Int64($0) }, "label", from: done)
      try writer.finish()
      done += labels.count
      try writer.change("written", to: done)
      try writer.finish()
    }

    /// Gives the whole file its name. Nothing can be added afterwards.
    public consuming func finish() throws(StorageError) {
      precondition(done == form.count, "\(done) of \(form.count) rows are there")
      // An earlier sitting may have written some of it: everything is read back, from a file that is opened anew, so
      // that its bytes do not depend on how many sittings there were.
      try writer?.finish()
      writer = nil
      guard let writer = Writer.goOn(Self.unfinished(path), final: path) else {
        throw StorageError.unwritable(path: path, why: "it was changed while it was made; make it again.")
      }
      for group in form.groups { for name in form.content.names { try writer.seal(group + name) } }
      for name in ["label", "sample", "row", "column"] + (form.content == .codes ? [] : ["channel"]) {
        try writer.seal(name)
      }
      try writer.writeChecks()
      try writer.close()
      try Writer.put(Self.unfinished(path), in: path)
    }
  }
}
