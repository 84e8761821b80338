extension Rule {
  static let mostParameters = 6
  static let mostUnlabelled = 3

  /// Kernels with more than six parameters, where a struct of them would cost speed: at most eight.
  static let wideKernels: [(path: String, function: String)] = [
    ("Sources/Tensors/GEMM/MicroKernel.swift", "macroKernel"),
    ("Sources/Tensors/Normalization/LayerNormBackward.swift", "pass"),
    ("Sources/Tensors/Normalization/NormalizedRows.swift", "write"),
  ]

  static let parameters = Rule(
    "parameters",
    everySource: { file in
      file.declarations.filter { declaration in
        declaration.parameters.count > mostParameters
          && !wideKernels.contains { $0.path == file.path && $0.function == declaration.name }
      }.map {
        Violation(
          file.path, $0.line,
          "\($0.title) has \($0.parameters.count) parameters; group them, \(mostParameters) are allowed."
        )
      }
    })

  /// Outside kernels a call says what each argument is.
  static let labels = Rule(
    "labels",
    everySource: { file in
      file.declarations.filter { lacksLabels($0) && file.target != "Tensors" }.map {
        Violation(
          file.path, $0.line,
          "\($0.title) has \($0.unlabelledCount) parameters without a label; \(mostUnlabelled) are allowed.")
      }
    })

  static func lacksLabels(_ declaration: Declaration) -> Bool { declaration.unlabelledCount > mostUnlabelled }
}
