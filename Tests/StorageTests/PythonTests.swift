import Foundation
import Storage
import Tensors
import Testing

/// What a Python program prints; nil where Python or a module it needs is missing.
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

@Suite struct PythonTests {
  @Test(
    "h5py and xarray read samples with names, texts and axes",
    .enabled(if: hasPython, "needs python3 with h5py, xarray, h5netcdf"))
  func samples() throws {
    let folder = Scratch(), path = folder.path + "/samples.h5"
    try SampleFile.write(
      to: path, pixels: (0..<2 * 4 * 5 * 3).map { UInt8($0) }, shape: [2, 4, 5, 3], labels: [1, 0],
      classNames: ["ä", "b"], seed: 7,
      trajectory: [("shown", Tensor([2, 3], [1, 2, 3, 4, 5, 6]), ["sample", "token"])])
    let printed = python(
      """
      import h5py, xarray
      f = h5py.File('\(path)')
      print(f['images'].shape, f['images'][1, 3, 4, 2], f['class_name'].asstr()[0], f['label'][:].tolist(), f.attrs['file_type'])
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
