import Foundation
import TestSupport
import Testing

/// `launch/docs`, with the modules of this build.
@Suite(.serialized) struct DocsScriptTests {
  private let scripts: Scripts

  init() throws {
    scripts = try Scripts()
    try scripts.standIn("swift", "PATH=${PATH#*:}; [[ $1 == build ]] || exec swift \"$@\"")
    for folder in ["Docs", "Sources"] {
      try scripts.directory.copy(Scripts.repository + "/" + folder, to: folder)
    }
    let linked = try scripts.runLibrary(
      "mkdir '\(scripts.root)/.build'; ln -s '\(try BuiltModules.folder)' \"$root/.build/release\"")
    try #require(linked.status == 0, "\(linked.errors)")
  }

  /// DocC warns of nothing, and what a reader looks for is there: pages, symbols of several modules,
  /// and the reference models.
  @Test func theSiteIsMade() throws {
    let docs = try scripts.run("docs")
    #expect(docs.status == 0, "\(docs.errors)")
    #expect(docs.errors.last == "and open http://localhost:8000/documentation/lockstep")
    let pages = [
      "lockstep", "lockstep/explicit-loop", "lockstep/api-tensors", "lockstep/tensor",
      "lockstep/module", "lockstep/communicator", "modelzoo/gpt",
    ]
    for page in pages {
      let folder = ".build/docs/site/documentation/" + page
      #expect(scripts.directory.list(folder).contains("index.html"), "\(page)")
    }
  }

  @Test func aLinkThatLeadsNowhereIsNamed() throws {
    let page = "# Data\n\nSee [this](distributed.md#the-one-mean).\nSee [that](nowhere.md).\n"
    try scripts.directory.write(Array(page.utf8), to: "Docs/data.md")
    let docs = try scripts.run("docs")
    #expect(docs.status == 65, "\(docs.errors)")
    #expect(docs.errors.last == "error: the documentation of Lockstep has mistakes; see above")
    let mistakes = docs.errors(startingWith: "Docs/")
    #expect(mistakes.count == 1 && mistakes[0].hasPrefix("Docs/data.md:4:"), "\(docs.errors)")
  }

  @Test func argumentsAreRefused() throws {
    let help = try scripts.run("docs", ["--help"])
    #expect(help.status == 0 && help.output.contains("usage: launch/docs"))
    let refused = try scripts.run("docs", ["Tensor"])
    #expect(refused.status == 64)
    #expect(
      refused.errors == ["error: launch/docs takes no arguments; see launch/docs --help"])
  }
}
