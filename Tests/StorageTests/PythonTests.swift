import Foundation
import ProgramSupport
import Storage
import Tensors
import Testing

/// The output of a Python program; nil where Python or a module it needs is missing.
private func python(_ program: String) -> String? {
  let process = Process(), pipe = Pipe()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["python3", "-c", program]
  process.standardOutput = pipe
  process.standardError = pipe
  guard (try? process.run()) != nil else { return nil }
  let data = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return process.terminationStatus == 127 ? nil : String(decoding: data, as: UTF8.self)
}

private let hasPython = python("import h5py, xarray, h5netcdf; print('yes')")?.hasSuffix("yes\n") == true
private let hasNetCDF4 = python("import netCDF4; print('yes')")?.hasSuffix("yes\n") == true

/// One small file of each kind that people open.
private enum File: String, CaseIterable {
  case images, samples, latents, codes, metrics, checkpoint

  func write(to path: String) throws {
    let pixels = (0..<3 * 4 * 5 * 3).map { UInt8($0) }
    switch self {
    case .images:
      try ImageFile.write(
        to: path,
        .init(height: 4, width: 5, labels: [1, 0, 1], classNames: ["ä", "b"], sources: ["x", "y", "z"])
      ) { Array(pixels[$0 * 60..<($0 + 1) * 60]) }
    case .samples:
      try SampleFile.write(
        to: path, .init(pixels: pixels, shape: [3, 4, 5, 3], labels: [1, 0, 1], classNames: ["ä", "b"]), seed: 7,
        notes: ["guidance=1", "guidance=2", "guidance=3"],
        trajectory: [("shown", Tensor([3, 2], [1, 2, 3, 4, 5, 6]), ["sample", "token"])])
    case .latents:
      let making = try LatentFile.Making(path, .init(.gaussians, count: 3, shape: [2, 2, 2], isMirroredToo: true))
      let rows = LatentFile.Rows.numbers(mean: (0..<24).map(Float.init), logVariance: (0..<24).map { -Float($0) })
      try making.append([rows, rows], labels: [1, 0, 1])
      try making.finish()
    case .codes:
      let making = try LatentFile.Making(path, .init(.codes, count: 3, shape: [2, 2, 8], isMirroredToo: false))
      try making.append([.codes((0..<12).map { Int32($0) })], labels: [1, 0, 1])
      try making.finish()
    case .metrics:
      let log = MetricsLog(path)
      for step in [10, 20, 30] {
        try log.append("train", step: step, [("loss", Double(step) / 4), ("FD[randconv64-v1]", 1)])
      }
      try log.save()
    case .checkpoint:
      var checkpoint = Checkpoint()
      checkpoint.model = [
        ("backbone.blocks.0.weight", Tensor([2, 3], [1, 2, 3, 4, 5, 6])), ("bias", Tensor([2], [7, 8])),
      ]
      checkpoint.average = checkpoint.model
      checkpoint.configuration = "seed=5\n"
      try checkpoint.write(to: path)
    }
  }

  /// A data set of the file, its axes in the words of Python, and its last number.
  var look: (name: String, group: String, sizes: String, value: String) {
    switch self {
    case .images: ("images", "/", "{'sample': 3, 'row': 4, 'column': 5, 'channel': 3}", "179")
    case .samples: ("images", "/", "{'sample': 3, 'row': 4, 'column': 5, 'channel': 3}", "179")
    case .latents: ("logvar", "/mirrored", "{'sample': 3, 'row': 2, 'column': 2, 'channel': 2}", "-23.0")
    case .codes: ("codes", "/", "{'sample': 3, 'row': 2, 'column': 2}", "11")
    case .metrics: ("loss", "/train", "{'loss_step': 3}", "7.5")
    case .checkpoint: ("weight", "/model/backbone/blocks/0", "{'dim_2': 2, 'dim_3': 3}", "6.0")
    }
  }
}

@Suite(.serialized) struct PythonTests {
  @Test(
    "h5py reads every data set of every kind of file, each axis with a scale",
    .enabled(if: hasPython, "needs python3 with h5py, xarray, h5netcdf"),
    arguments: File.allCases)
  private func files(_ kind: File) throws {
    let folder = Scratch(), path = folder.path + "/x.h5"
    try kind.write(to: path)
    let said = python(
      """
      import h5py, numpy
      f = h5py.File('\(path)')
      bare = []
      def look(name, item):
          if isinstance(item, h5py.Dataset):
              item[()]
              if not item.is_scale:
                  bare.extend(f'{name}:{i}' for i, d in enumerate(item.dims) if len(d) == 0)
      f.visititems(look)
      print(bare, f.attrs['file_type'], f['\(kind.look.group)/\(kind.look.name)'][()].flat[-1])
      """)
    let type = kind == .codes ? "latents" : kind.rawValue
    #expect(said == "[] \(type) \(kind.look.value)\n", "\(said ?? "nothing")")
  }

  @Test(
    "xarray opens every kind of file with its axes by name",
    .enabled(if: hasPython, "needs python3 with h5py, xarray, h5netcdf"),
    arguments: File.allCases)
  private func xarray(_ kind: File) throws {
    let folder = Scratch(), path = folder.path + "/x.h5", look = kind.look
    try kind.write(to: path)
    for engine in ["h5netcdf"] + (hasNetCDF4 ? ["netcdf4"] : []) {
      let said = python(
        """
        import xarray
        x = xarray.open_dataset('\(path)', engine='\(engine)', group='\(look.group)')
        x.load()
        print(dict(x['\(look.name)'].sizes), x['\(look.name)'].values.flat[-1])
        """)
      #expect(said == "\(look.sizes) \(look.value)\n", "\(engine): \(said ?? "nothing")")
    }
  }

  @Test(
    "h5dump prints every kind of file",
    .enabled(if: systemOutput(["h5dump", "--version"]) != nil, "needs h5dump (hdf5-tools)"),
    arguments: File.allCases)
  private func dump(_ kind: File) throws {
    let folder = Scratch(), path = folder.path + "/x.h5"
    try kind.write(to: path)
    #expect(systemOutput(["h5dump", path])?.contains("DATASET \"\(kind.look.name)\"") == true)
  }

  @Test(
    "numbers are added while another program has the file open",
    .enabled(if: hasPython, "needs python3 with h5py, xarray, h5netcdf"))
  func held() throws {
    let folder = Scratch(), log = MetricsLog(folder.path + "/metrics.h5")
    try log.append("train", step: 1, [("loss", 1)])
    let process = Process(), pipe = Pipe(), stop = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "python3", "-c", "import h5py; f = h5py.File('\(log.path)'); print('open', flush=True); input()",
    ]
    (process.standardOutput, process.standardInput) = (pipe, stop)
    try process.run()
    // The line may come in pieces.
    #expect(String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self).hasPrefix("o"))
    try log.append("train", step: 2, [("loss", 2)])
    stop.fileHandleForWriting.write(Data("\n".utf8))
    process.waitUntilExit()
    #expect(try log.series("train", "loss").map(\.value) == [1, 2])
  }

  @Test(
    "h5py and xarray read samples with names, texts and axes",
    .enabled(if: hasPython, "needs python3 with h5py, xarray, h5netcdf"))
  func samples() throws {
    let folder = Scratch(), path = folder.path + "/samples.h5"
    try SampleFile.write(
      to: path,
      .init(
        pixels: (0..<2 * 4 * 5 * 3).map { UInt8($0) }, shape: [2, 4, 5, 3], labels: [1, 0], classNames: ["ä", "b"]),
      seed: 7,
      trajectory: [("shown", Tensor([2, 3], [1, 2, 3, 4, 5, 6]), ["sample", "token"])])
    let printed = python(
      """
      import h5py, xarray
      f = h5py.File('\(path)')
      print(f['images'].shape, f['images'][1, 3, 4, 2], f['class_name'].asstr()[0], f['label'][:].tolist(),
            f.attrs['file_type'])
      print([d[0].name for d in f['images'].dims], f['preview'].attrs['CLASS'], f['trajectory/shown'][1, 2])
      x = xarray.open_dataset('\(path)', engine='h5netcdf')
      print(dict(x['images'].sizes), [str(c) for c in x['channel'].values])
      """)
    #expect(
      printed == """
        (2, 4, 5, 3) 119 ä [1, 0] samples
        ['/sample', '/row', '/column', '/channel'] b'IMAGE' 6.0
        {'sample': 2, 'row': 4, 'column': 5, 'channel': 3} ['red', 'green', 'blue']

        """)
  }
}
