extension Term {
  /// The words that are not ours to use, and what the field says.
  static let all: [Term] = kernels + models + laboratory + prose

  /// Products speak BLIS (Van Zee and van de Geijn 2015), attention FlashAttention (Dao et al. 2022), layers PyTorch.
  private static let kernels: [Term] = [
    Term("told", "tells", use: "modulation, conditioning, or a plain verb", in: [.identifiers, .comments, .messages]),
    Term("tell", use: "modulation, conditioning, or a plain verb", in: [.identifiers]),
    Term(
      "asks", "asking", use: "takes, requests or prefetches", in: [.identifiers, .comments, .messages],
      unless: contract),
    Term("ask", "asked", use: "prefetch, or requests", folders: low),
    Term("share", "shares", use: "probabilities, fraction, rate or size", in: [.identifiers], except: ["can share"]),
    Term(
      "shares", "share of", "shares of", "the share", "a share", use: "probability, fraction or part",
      in: [.comments, .messages]),
    Term("turned", "unturned", use: "rotated or transposed", in: [.identifiers, .comments, .messages]),
    Term(
      "place", "places", use: "position, offset, pointer or location",
      except: [
        "in place", "in its place", "in their place", "take place", "takes place", "took place", "decimal places",
        "last place",
      ]),
    Term("spot", "spots", use: "grid position"),
    Term("lane", "lanes", use: "element, or Vector16 and register"),
    Term(
      "known", use: "mean, rstd, inverseNorm or delta", folders: tensors,
      except: ["known uniquely", "is known", "are known"]),
    Term("slope", "slopes", "sloping", use: "gradient or derivative", in: [.identifiers, .comments, .messages]),
    Term("bend", "bends", "bent", "bending", use: "activation", in: [.identifiers, .comments, .messages]),
    Term(
      "needs", use: "prefetch", in: [.identifiers], folders: kernelSources,
      except: ["needs gradient", "needs gradients"]),
    Term("expect", "lookahead", use: "prefetch", in: [.identifiers], folders: kernelSources),
    Term("way", "ways", use: "GEMMEpilogue, or name the path", in: [.identifiers]),
    Term("way back", "way forth", "way forward", use: "backward pass or forward pass", in: [.comments, .messages]),
    Term("breadth", "broad", use: "nc, or paddedHeadDim", folders: low),
    Term(
      "deep", "wide", "across", "down", use: "m, n, k, rows or columns", in: [.identifiers],
      folders: kernelSources, unless: ["Sources/Tensors/Random"]),
    Term("high", use: "mr, or rows", in: [.identifiers], folders: ["Sources/Tensors/GEMM"]),
    Term("strip", "strips", use: "accumulator rows", folders: tensors),
    Term(
      "stacked", "tile sums", "tile path", "tile height", use: "block, Accumulators, ReductionPath or mr",
      folders: tensors),
    Term("left side", "right side", use: "PackedA or PackedB", folders: tensors),
    Term("head bench", use: "AttentionWorkspace", folders: tensors),
    Term("worth", use: "values", folders: tensors, except: ["is worth", "be worth", "worth it", "worth a"]),
    Term("apart", use: "stride", in: [.identifiers]),
    Term(
      "apart", use: "stride", in: [.comments], folders: tensors, except: ["takes apart", "take apart", "taken apart"]),
    Term("mix", "mixed", "mixes", use: "weightedSum", folders: tensors),
    Term("sofar", use: "existing gradient", folders: low),
    Term("using up", use: "releasing", in: [.identifiers]),
    Term("swept", "sweep", "sweeps", use: "updateInPlace, or map", folders: tensors),
    Term("stretch", "stretches", use: "chunk or range", folders: low),
    Term("walk", "walks", "walked", use: "iterate, loop over", folders: low),
    Term(
      "unforeseen", "bell", "peak", use: "opaque_pointer, exp_neg_square or reduce_max", in: [.identifiers],
      folders: kernelSources),
  ]

  /// Layers and losses use the words of the papers.
  private static let models: [Term] = [
    Term(
      "kept", "lost", "less", "clean", use: "alphasCumprod and its kin (DDPM)", in: [.identifiers],
      folders: ["Plugins/Losses"]),
    Term("rival", "rivals", use: "discriminator", in: [.identifiers, .comments, .messages]),
    Term("dialect", "dialects", use: "checkpoint mapping", in: [.identifiers, .comments, .messages]),
    Term(
      "stroke", "strokes", "paint", "paints", "painted", "painting", "paintings", use: "generation step, or sample",
      in: [.identifiers, .comments, .messages], unless: ["Sources/Images"]),
    Term("spread", use: "token scale or standard deviation", in: [.identifiers]),
    Term("the spread", "a spread", "spread of", use: "token scale or standard deviation", in: [.comments, .messages]),
    Term("blank", "blanks", use: "mask token", except: ["blank line", "blank lines"]),
    Term("perceptron", use: "MLP", except: ["multi layer perceptron", "multilayer perceptron"]),
    Term("narrowed", "widened", use: "normalized or denormalized", in: [.identifiers]),
    Term(
      "sharpness", "heads sized", "without numbers", use: "logitScale, queryKeyNormalized or withoutStorage",
      in: [.identifiers]),
  ]

  private static let laboratory: [Term] = [
    Term("campaign", use: "ExperimentRuns"),
    Term("study", "studies", use: "FigureContext", in: [.identifiers]),
    Term("survey", "circumstance", "experiment frame", use: "SettingsDiscovery, ProbeContext or RootSettings"),
    Term("claim", "claims", "verdict", "verdicts", use: "Expectation or Outcome"),
    Term("soundness", use: "IntegrityReport"),
  ]

  private static let prose: [Term] = [
    Term("picture", "pictures", use: "image", in: [.identifiers, .comments, .messages]),
    Term("each", use: "name of the quantity", in: [.identifiers], except: ["for each"]),
    Term("own", "made", use: "name of the quantity", in: [.identifiers]),
    Term(
      "nobody", "somebody", "whoever", "those who", use: "name of the part or the user", in: [.comments, .messages]),
  ]

  private static let kernelSources = ["Sources/Tensors", "Sources/COpenBLAS"]
  private static let tensors = ["Sources/Tensors", "Sources/COpenBLAS", "Tests/TensorsTests"]
  /// Files that know turns, in which `asked` is a word of the contract.
  private static let contract = [
    "Sources/Autoregression", "Plugins/Directions", "Tests/Autoregression", "Tests/DirectionsTests",
  ]
  /// Kernels, layers and files, where a question would be a metaphor.
  private static let low = tensors + ["Sources/Networks", "Sources/Spectra", "Sources/Storage", "Tests/NetworksTests"]
}
