/// The names of a public checkpoint without what wrappers of modules put into them.
///
/// PyTorch's `DistributedDataParallel` puts `module.` before each name, `torch.compile` `_orig_mod.`, Lightning the
/// name of its attribute (`model.`), averages of weights theirs.
struct CheckpointNames {
  /// The text before the names: "", "module.", "module._orig_mod.".
  let prefix: String
  /// The checkpoint's own names by their names without prefix. Names without the prefix are left out.
  let originals: [String: String]

  /// Parts that wrappers of single modules put into the middle of names.
  private static let infixes = ["_orig_mod.", "_checkpoint_wrapped_module.", "_fsdp_wrapped_module."]
  /// Names of modules that hold a network as their attribute.
  private static let wrappers: Set<String> = [
    "module", "model", "_orig_mod", "_forward_module", "state_dict", "net", "network", "ema", "ema_model", "model_ema",
    "online_model", "averaged_model", "student", "teacher", "generator", "transformer", "backbone", "gpt", "mar", "var",
    "first_stage_model", "vae", "vqvae", "vqgan", "autoencoder", "tokenizer",
  ]
  /// Wrappers around wrappers that are looked for, and prefixes that are tried.
  private static let depthLimit = 4, candidateLimit = 16

  /// Names without a prefix; names that do not begin with it are left out.
  init(_ names: some Sequence<String>, without prefix: String) {
    self.prefix = prefix
    var originals: [String: String] = [:], doubled: Set<String> = []
    for name in names where name.hasPrefix(prefix) {
      let short = Self.infixes.reduce(String(name.dropFirst(prefix.count))) {
        $0.contains($1) ? $0.replacing($1, with: "") : $0
      }
      if originals.updateValue(name, forKey: short) != nil { doubled.insert(short) }
    }
    // Two names that differ by a wrapper alone are no less than they are.
    for name in doubled { originals[name] = nil }
    self.originals = originals
  }

  /// The prefixes that names may be tried without: none first, then those of all names, and those made of wrappers.
  static func candidates(_ names: [String]) -> [String] {
    var counts: [String: Int] = [:]
    for name in names {
      let parts = name.split(separator: ".", maxSplits: depthLimit, omittingEmptySubsequences: false)
      var prefix = "", isWrapper = true
      for part in parts.dropLast() {
        prefix += part + "."
        isWrapper = isWrapper && wrappers.contains(String(part))
        if isWrapper || names.first?.hasPrefix(prefix) == true { counts[prefix, default: 0] += 1 }
      }
    }
    let found = counts.filter { prefix, count in
      count == names.count || prefix.split(separator: ".").allSatisfy { wrappers.contains(String($0)) }
    }
    return [""] + found.keys.sorted { ($0.count, $0) < ($1.count, $1) }.prefix(candidateLimit)
  }
}
