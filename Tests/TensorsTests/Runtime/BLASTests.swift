import Tensors
import Testing

@Suite struct BLASTests {
  @Test("a machine without a BLAS library gets one sentence that says what to install and how")
  func missing() {
    do {
      _ = try BLAS.open(["libno-such-blas.so.0", "libno-such-blas.so"])
      Issue.record("a library that does not exist was opened")
    } catch {
      #expect(
        "\(error)" == "no BLAS library could be loaded (tried libno-such-blas.so.0, libno-such-blas.so); "
          + "install OpenBLAS, on Debian and Ubuntu with `apt-get install libopenblas0`.")
    }
  }

  @Test("a library without cblas_sgemm is passed over")
  func unsuitable() {
    #expect(throws: BLAS.Missing.self) { try BLAS.open(["libc.so.6"]) }
  }

  @Test("a program that is asked for products either has micro-kernels or a library")
  func products() throws { try BLAS.checkForProducts() }

  @Test("the library is opened once, and describes itself")
  func loaded() throws {
    // Not every machine that runs the tests has one.
    guard let first = try? BLAS.load() else { return }
    #expect(first.library.hasPrefix("lib"))
    #expect(try BLAS.load().library == first.library)
  }
}
