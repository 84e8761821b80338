import Autoregression
import Foundation
import Laboratory
import Testing

@Suite struct CatalogueTests {
  private let catalogue = Catalogue(Registry.linked())

  @Test("every component is listed with its role, its settings and where it is registered")
  func listed() throws {
    let text = catalogue.text(nil, json: true)
    let all = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
    #expect(all.count == Registry.linked().entries.count)
    for entry in all {
      let key = entry["key"] as? String ?? ""
      #expect((entry["summary"] as? String)?.isEmpty == false, "\(key)")
      #expect((entry["file"] as? String)?.hasSuffix(".swift") == true, "\(key)")
      for setting in entry["settings"] as? [[String: Any]] ?? [] {
        #expect((setting["about"] as? String)?.isEmpty == false, "\(key) \(setting["key"] ?? "")")
        #expect((setting["kind"] as? String)?.isEmpty == false, "\(key) \(setting["key"] ?? "")")
      }
    }
  }

  @Test("a role lists all of its components, a key one, another name none")
  func chosen() {
    #expect(catalogue.entries("direction").count == Registry.linked().keys(of: "direction").count)
    #expect(catalogue.entries("diffusion").count == 1)
    #expect(catalogue.entries("nothing").isEmpty && catalogue.names.contains("diffusion"))
    let text = catalogue.text("diffusion", json: false)
    #expect(text.hasPrefix("loss diffusion  (") && text.contains("\n    steps: ") && text.contains("\n  Source: "))
  }

  @Test("the schema of experiments is one JSON object that has every role")
  func schema() throws {
    let text = ExperimentSchema(Registry.linked()).text
    let schema = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let definitions = try #require(schema["$defs"] as? [String: Any])
    for role in Registry.linked().roles { #expect(definitions[role] != nil && definitions["\(role)-any"] != nil) }
    #expect(definitions["loss-diffusion"] != nil && (schema["additionalProperties"] as? Bool) == false)
  }
}
