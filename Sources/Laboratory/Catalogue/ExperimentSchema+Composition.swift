extension ExperimentSchema {
  /// The keys that compose several files into one experiment, and several experiments into one file.
  var composition: [(String, JSON)] {
    [
      ("extends", Self.texts("base file, or a list of them, as paths from this file")),
      ("scales", Self.mapping("overrides by scale, chosen with --scale NAME", of: Self.link("scale"))),
      (
        "scale",
        .object([
          ("description", .text("default scale; inside a scale, the scale that it builds on")),
          ("type", .text("string")),
        ])
      ),
      ("define", Self.mapping("named values for references: ${define.NAME}", of: .bool(true))),
      ("sweep", sweep),
      (
        "seeds",
        .object([
          ("description", .text("seeds of each variant")),
          ("type", .list([.text("array"), .text("null")])), ("minItems", .number(1)),
          ("items", Self.link("parts", "properties/seed")),
        ])
      ),
      ("varies", Self.texts("settings that the variants differ in, by path: loss.steps, or loss for all of the loss")),
      ("expect", Self.texts("expected results: \"psnr: full > band\", or \"psnr: full in [20, 25]\"")),
    ]
  }

  /// The schema of the key `sweep`.
  private var sweep: JSON {
    SettingSchema.mapping(
      "variants of the experiment: each named variant with every combination of the lists",
      [
        ("variants", Self.mapping("variants by name", of: Self.link("variant"))),
        ("grid", Self.link("axes")), ("zip", Self.link("axes")),
        (
          "exclude",
          .object([
            ("description", .text("combinations to leave out")), ("type", .text("array")),
            ("items", Self.link("conditions")),
          ])
        ),
      ])
  }

  /// Returns the schema of a mapping from names to values of one kind.
  private static func mapping(_ about: String, of values: JSON) -> JSON {
    .object([
      ("description", .text(about)), ("type", .list([.text("object"), .text("null")])),
      ("additionalProperties", values),
    ])
  }

  /// Returns the schema of a text or a list of texts.
  private static func texts(_ about: String) -> JSON {
    .object([
      ("description", .text(about)), ("type", .list([.text("string"), .text("array"), .text("null")])),
      ("items", .object([("type", .text("string"))])),
    ])
  }
}
