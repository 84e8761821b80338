import Foundation
import Settings

/// The keywords of JSON Schema that the schema of experiments uses; any other is a mistake.
struct SchemaValidator {
  private let root: [String: Any]

  /// Keywords of a schema that constrain nothing.
  private static let remarks: Set = ["$schema", "$defs", "title", "description", "default"]

  init(_ text: String) throws {
    root = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
  }

  /// Complaints about a file; none if it is valid.
  func complaints(about text: String, file: String = "file") throws -> [String] {
    complaints(try YAMLReader.tree(of: text, file: file), root, at: "")
  }

  private func complaints(_ node: YAMLNode, _ schema: Any, at path: String) -> [String] {
    if let isAllowed = schema as? Bool { return isAllowed ? [] : ["\(path): it is not allowed"] }
    guard let schema = schema as? [String: Any] else { return ["\(path): the schema is no schema"] }
    return schema.keys.sorted().flatMap { keyword in
      check(node, keyword, schema[keyword] ?? false, schema, path)
    }
  }

  private func check(_ node: YAMLNode, _ keyword: String, _ value: Any, _ schema: [String: Any], _ path: String)
    -> [String]
  {
    func isValid(_ schema: Any) -> Bool { complaints(node, schema, at: path).isEmpty }
    switch keyword {
    case "$ref": return complaints(node, resolved(value as? String ?? ""), at: path)
    case "type":
      let types = value as? [String] ?? [value as? String ?? ""]
      return types.contains { $0 == kind(of: node) || $0 == "number" && kind(of: node) == "integer" }
        ? [] : ["\(path): \(node.spoken) is none of \(types)"]
    case "const": return text(of: node) == value as? String ? [] : ["\(path): it is not \(value)"]
    case "enum":
      let choices = value as? [Any] ?? []
      return choices.contains {
        $0 as? String == text(of: node) && text(of: node) != nil || $0 is NSNull && node.isNull
      }
        ? [] : ["\(path): \(node.spoken) is none of \(choices)"]
    case "pattern":
      guard kind(of: node) == "string", let text = text(of: node), let pattern = value as? String else { return [] }
      return text.range(of: pattern, options: .regularExpression) != nil ? [] : ["\(path): \(text) is no \(pattern)"]
    case "minimum", "maximum":
      guard let number = number(node), let limit = value as? Double else { return [] }
      return (keyword == "minimum" ? number >= limit : number <= limit) ? [] : ["\(path): \(keyword) is \(limit)"]
    case "minItems": return items(of: node).map { $0.count >= value as? Int ?? 0 } ?? true ? [] : ["\(path): too few"]
    case "items":
      return (items(of: node) ?? []).enumerated().flatMap { complaints($1, value, at: "\(path)[\($0)]") }
    case "required":
      let keys = entries(of: node)?.map(\.key)
      return (value as? [String] ?? []).filter { key in keys.map { !$0.contains(key) } ?? false }
        .map { "\(path): there is no \($0)" }
    case "properties":
      let properties = value as? [String: Any] ?? [:]
      return (entries(of: node) ?? []).flatMap { entry in
        properties[entry.key].map { complaints(entry.value, $0, at: "\(path).\(entry.key)") } ?? []
      }
    case "additionalProperties":
      let properties = schema["properties"] as? [String: Any] ?? [:]
      return (entries(of: node) ?? []).filter { properties[$0.key] == nil }
        .flatMap { complaints($0.value, value, at: "\(path).\($0.key)") }
    case "anyOf":
      let all = (value as? [Any] ?? []).map { complaints(node, $0, at: path) }
      return all.contains([]) ? [] : all.min { $0.count < $1.count } ?? []
    case "allOf": return (value as? [Any] ?? []).flatMap { complaints(node, $0, at: path) }
    case "if": return (schema[isValid(value) ? "then" : "else"]).map { complaints(node, $0, at: path) } ?? []
    case "then", "else": return []
    default: return Self.remarks.contains(keyword) ? [] : ["\(path): unknown keyword \(keyword)"]
    }
  }

  /// "#/$defs/a/properties/b"
  private func resolved(_ reference: String) -> Any {
    reference.split(separator: "/").dropFirst().reduce(root as Any) { value, step in
      if let list = value as? [Any], let index = Int(step), list.indices.contains(index) { return list[index] }
      return (value as? [String: Any])?[String(step)] ?? "there is no \(reference)"
    }
  }

  private func kind(of node: YAMLNode) -> String {
    if node.isNull { return "null" }
    switch node.content {
    case .list: return "array"
    case .mapping: return "object"
    case .scalar(let text, let isPlain):
      if isPlain, text == "true" || text == "false" { return "boolean" }
      guard let number = number(node) else { return "string" }
      return number == number.rounded() ? "integer" : "number"
    }
  }

  private func text(of node: YAMLNode) -> String? {
    if case .scalar(let text, _) = node.content, !node.isNull { return text }
    return nil
  }

  private func number(_ node: YAMLNode) -> Double? {
    if case .scalar(let text, true) = node.content { return Double(text) }
    return nil
  }

  private func items(of node: YAMLNode) -> [YAMLNode]? {
    if case .list(let items) = node.content { return items }
    return nil
  }

  private func entries(of node: YAMLNode) -> [YAMLNode.Entry]? {
    if case .mapping(let entries) = node.content { return entries }
    return nil
  }
}
