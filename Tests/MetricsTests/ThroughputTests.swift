import Autoregression
import Metrics
import Settings
import Tensors
import Testing

@Suite struct ThroughputTests {
  @Test("throughput is the number of images by all seconds, and empty before any was timed")
  func values() throws {
    var settings = try Settings(parsing: "{}", file: "metric")
    let found = Registry.linked().entries.first { $0.role == "metric" && $0.key == "throughput" }
    var metric = try #require(found?.type as? any Metric.Type).init(&settings)
    #expect(metric.values() == [])
    metric.timed(seconds: 2, images: 30)
    metric.timed(seconds: 0.5, images: 20)
    #expect(metric.values().map(\.name) == ["images-per-second", "seconds-per-image"])
    #expect(metric.values().map(\.value) == [20, 0.05])
  }
}
