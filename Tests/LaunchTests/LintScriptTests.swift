import TestSupport
import Testing

/// `launch/lint` on a small package, which has one mistake at a time, and `launch/test`.
@Suite(.serialized) struct LintScriptTests {
  private let scripts: Scripts

  private static let loop = "Sources/Examples/03-train-digits/main.swift"

  init() throws {
    scripts = try Scripts()
    let files = [
      "Package.swift": """
      // swift-tools-version: 6.2
      import PackageDescription

      let package = Package(
        name: "Small",
        targets: [
          .target(name: "Diagnostics"),
          .target(name: "Upper", dependencies: ["Diagnostics"]),
        ])

      """,
      "README.md": "# Small\n```swift\nprint(1)\n```\n", Self.loop: "print(1)\n",
      "Sources/Diagnostics/A.swift": "public func a() {}\n",
      "Sources/Upper/B.swift": "import Diagnostics\n\nfunc b() { a() }\n",
      "Tests/UpperTests/CTests.swift": "func c() {}\n",
    ]
    for (path, text) in files { try write(text, to: path) }
    let empty = [".ci/run", "Tests/Campaigns/campaign", "Tests/Hosts/on-hosts"]
    for path in empty { try write("#!/bin/bash\n", to: path) }
    let made = try scripts.runLibrary("cd '\(scripts.root)'; git init -q .; git add .")
    try #require(made.status == 0, "\(made.errors)")
  }

  private func write(_ text: String, to path: String) throws {
    try scripts.directory.write(Array(text.utf8), to: path)
  }

  @Test func aPackageInOrderPasses() throws {
    let lint = try scripts.run("lint")
    #expect(lint.status == 0 && lint.errors == ["Lint: no problems"], "\(lint.errors)")
    #expect(try scripts.run("lint", ["--fix"]).errors == ["error: launch/lint takes no arguments"])
  }

  @Test(arguments: [
    (loop, "print(2)\n", "lint: the loop in README.md is not in \(loop):"),
    (
      "Sources/Diagnostics/A.swift", "import Upper\n",
      "  Sources/Diagnostics/A.swift: import Upper"
    ),
    (
      "Sources/Upper/B.swift", String(repeating: "// B\n", count: 401),
      "    401  Sources/Upper/B.swift"
    ),
    (
      "Sources/Upper/B.swift", "// TO" + "DO: more\n",
      "Sources/Upper/B.swift:1:// TO" + "DO: more"
    ),
    (
      "Sources/Upper/B.swift", "/// True.\npublic let b = true\n",
      "  Sources/Upper/B.swift:1: /// True."
    ),
    (
      "Tests/UpperTests/CTests.swift", "let start = Continuous" + "Clock.now\n",
      "Tests/UpperTests/CTests.swift:1:let start = Continuous"
    ),
    (
      "Tests/UpperTests/CTests.swift", "@Suite struct C {\n  // processExits" + "With:\n}\n",
      "Tests/UpperTests/CTests.swift:1:@Suite struct C {"
    ),
    ("launch/broken", "#!/usr/bin/env bash\nif then\n", "launch/broken: line 2:"),
    ("notes.txt", "", "notes.txt"),
    ("Sources/Upper/B.swift", "func b( ) {}\n", "Sources/Upper/B.swift:1:8: error: [Spacing]"),
  ])
  func mistakesAreFound(_ path: String, _ text: String, _ line: String) throws {
    try write(text, to: path)
    _ = try scripts.runLibrary("cd '\(scripts.root)'; git add .")
    let lint = try scripts.run("lint")
    #expect(lint.status == 1)
    #expect(lint.errors.last == "error: lint found 1 kinds of problems; see above")
    #expect(lint.errors.contains { $0.contains(line) }, "\(lint.errors)")
  }

  @Test func dependenciesPointDown() throws {
    let package = String(decoding: try scripts.directory.read("Package.swift"), as: UTF8.self)
    let upwards = package.replacing(
      #".target(name: "Diagnostics"),"#,
      with: #".target(name: "Diagnostics", dependencies: ["Last"]),"#
    ).replacing("  ])\n", with: "    .target(name: \"Last\"),\n  ])\n")
    try write(upwards, to: "Package.swift")
    try write("", to: "Sources/Last/D.swift")
    let lint = try scripts.run("lint")
    #expect(lint.status == 1)
    let line = "  Package.swift: Diagnostics depends on Last, which is listed below it"
    #expect(lint.errors.contains(line), "\(lint.errors)")
  }

  /// `launch/test` of a package whose `swift` is a stand-in: first what runs side by side, then what
  /// runs alone.
  private func testScript(
    _ arguments: [String] = [], together: String, alone: String, known: Int, status: Int = 0
  ) throws -> ProcessRun {
    try scripts.standIn(
      "swift",
      """
      echo "$*" >>'\(scripts.root)/calls'
      case "$*" in
        *' list '*) for ((i = 0; i < \(known); i++)); do echo "A.B/c$i()"; done ;;
        *--no-parallel*) echo '\(alone)'; exit \(status) ;;
        test*) echo '\(together)' ;;
        *dump-package*) echo '{"name" : "Diagnostics"}' ;;
      esac
      """)
    try scripts.writeProgram("launch/lint", "echo lint >>'\(scripts.root)/calls'")
    return try scripts.run("test", arguments)
  }

  private let seven = "✔ Test run with 7 tests in 2 suites passed after 1.5 seconds."
  private let one = "✔ Test run with 1 test in 1 suite passed after 0.5 seconds."

  @Test func theWholeSuiteIsRunOnce() throws {
    let test = try testScript(together: seven, alone: one, known: 8)
    #expect(test.status == 0, "\(test.errors)")
    #expect(test.lines == [seven, one, seven])
    let end = "packages, lint, release build, and tests: Test run with 8 tests in 3 suites passed"
    #expect(test.errors.last?.hasSuffix(end) == true, "\(test.errors)")
    let calls = String(decoding: try scripts.directory.read("calls"), as: UTF8.self)
      .replacing(/width [1-9][0-9]*/, with: "width N")  // twice the cores that this test may use
    let run = "test -c release --skip-build --disable-xctest"
    #expect(
      calls.split(separator: "\n").map(String.init) == [
        "lint", "build -c release --build-tests",
        "\(run) --experimental-maximum-parallelization-width N --skip AloneTests",
        "\(run) --no-parallel --skip ^((?!AloneTests).)*$",
        "\(run) --experimental-maximum-parallelization-width N --filter "
          + "GemmTests|FixtureTests|GradientTests|AttentionTests|RecurrentTests|NarrowFloatTests"
          + "|ModelZooTests",
        "test list -c release --skip-build --disable-xctest",
      ])
  }

  @Test func testsThatDoNotRunAreMissed() throws {
    let test = try testScript(together: seven, alone: one, known: 9)
    #expect(test.status == 1 && test.errors.last == "error: 8 tests ran, but there are 9")
    let none = "✔ Test run with 0 tests in 0 suites passed after 0.1 seconds."
    let empty = try testScript(["--filter", "Nothing"], together: none, alone: none, known: 9)
    #expect(empty.status == 1)
    #expect(empty.errors.last == "error: no test ran with: --filter Nothing")
    let crash = try testScript(together: seven, alone: "Fatal error", known: 8)
    #expect(crash.status == 1 && crash.errors.last == "error: the tests ended without a result")
  }

  /// What is run once more by OpenBLAS counts like the rest.
  @Test func aFailureByOpenBLASEndsTheScript() throws {
    let failed = "✘ Test run with 1 test in 1 suite failed after 0.5 seconds with 1 issue."
    try scripts.standIn(
      "swift",
      """
      case "$*" in
        *--filter*) echo '\(failed)'; exit 3 ;;
        *--no-parallel*) echo '\(one)' ;;
        test*) echo '\(seven)' ;;
        *dump-package*) echo '{"name" : "Diagnostics"}' ;;
      esac
      """)
    try scripts.writeProgram("launch/lint", "")
    let test = try scripts.run("test")
    #expect(test.status == 3, "\(test.errors)")
    #expect(test.errors.last == "error: the tests ended without a result")
  }

  @Test func aPartMayBeRun() throws {
    let none = "✔ Test run with 0 tests in 0 suites passed after 0.1 seconds."
    let skipped = "➜ Test a() skipped: \"none\"\n" + seven
    let test = try testScript(["--filter", "Hosts"], together: none, alone: skipped, known: 9)
    #expect(test.status == 0, "\(test.errors)")
    let end =
      "tests (--filter Hosts): Test run with 7 tests in 2 suites passed, 1 of them skipped; see above why"
    #expect(test.errors.last?.hasSuffix(end) == true, "\(test.errors)")
  }

  @Test func failuresComeThrough() throws {
    let issue = "✘ Test b() recorded an issue at B.swift:3:5: Expectation failed: 1 == 2"
    let end = "✘ Test run with 1 test in 1 suite failed after 0.5 seconds with 1 issue."
    let failed = [issue, "↳ two is not one", "✔ Test c() passed after 0.1 seconds.", end]
    let test = try testScript(
      together: seven, alone: failed.joined(separator: "\n"), known: 8, status: 3)
    #expect(test.status == 3 && !test.errors.contains { $0.hasPrefix("Passed") })
    #expect(
      test.errors.suffix(4) == [issue, "↳ two is not one", end, "error: tests failed; see above"])
    try scripts.standIn("swift", "exit 1")
    let build = try scripts.run("test")
    #expect(build.status == 70 && build.errors.last == "error: the build failed; see above")
  }
}
