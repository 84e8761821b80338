import Foundation
import PackagePlugin

/// Writes a file that registers the commit a program is built from, for `Registry.commit`.
///
/// The file is made anew where a source changed or HEAD moved, and keeps its content where that says the same, so that
/// nothing is compiled without need. Neither Context.gitInformation nor a pre-build command would do: SwiftPM keeps
/// what a manifest evaluates to, and runs the latter only when it plans a build anew.
@main
struct BuildCommit: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let root = context.package.directoryURL, output = context.pluginWorkDirectoryURL.appending(path: "Commit.swift")
    let sources = context.package.targets.compactMap(\.sourceModule).flatMap { $0.sourceFiles.map(\.url) }
    return [
      .buildCommand(
        displayName: "Looking up the commit", executable: URL(filePath: "/bin/sh"),
        arguments: ["-c", script, "sh", root.path, output.path],
        inputFiles: sources + [root.appending(path: "Package.swift")] + heads(of: root), outputFiles: [output])
    ]
  }

  /// The log of HEAD, which every commit, checkout and reset adds to; in a linked work tree `.git` is a file that names
  /// the folder of its own. Empty outside a repository.
  private func heads(of root: URL) -> [URL] {
    let git = root.appending(path: ".git")
    let link = try? String(contentsOf: git, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    let folder = link.map { URL(filePath: String($0.dropFirst("gitdir: ".count)), relativeTo: root) } ?? git
    return ["HEAD", "logs/HEAD"].map { folder.appending(path: $0) }.filter {
      FileManager.default.fileExists(atPath: $0.path)
    }
  }

  /// A repository that the package merely lies in says nothing about it. Documents and results may change freely.
  private let script = """
    cd "$1" || exit 1
    commit=unknown
    if [ "$(git rev-parse --show-prefix 2>/dev/null)" = "" ] && head=$(git rev-parse --verify -q HEAD 2>/dev/null); then
      commit=$head
      changes=$(git --no-optional-locks status --porcelain -- Package.swift Sources Plugins 2>/dev/null)
      [ -z "$changes" ] || commit="$head changed"
    fi
    code='import Autoregression

    @section("overtone_parts") @used private let commit: Registration = { $0.registry.commit = "'"$commit"'" }'
    [ "$(cat "$2" 2>/dev/null)" = "$code" ] || printf '%s\\n' "$code" > "$2"
    """
}
