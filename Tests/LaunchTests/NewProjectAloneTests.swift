import TestSupport
import Testing

/// `launch/new-project`: a package outside of this repository that uses Lockstep. It builds all of
/// Lockstep once more, which takes minutes.
@Suite(.serialized) struct NewProjectAloneTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func make(_ arguments: String...) throws -> ProcessRun {
    try run([Scripts.repository + "/launch/new-project"] + arguments, in: directory.path)
  }

  @Test func aNewProjectTrainsOnOneRankAndOnTwo() throws {
    let made = try make("Spirals", "projects/spirals")
    #expect(made.status == 0 && made.errors.first == "Made projects/spirals. To build and train:")
    let folder = directory.path + "/projects/spirals"
    // A program that uses MPI itself imports it as Lockstep does.
    let solver = [
      "import CMPI", "import Lockstep",
      "func train(over communicator: MPI_Comm?) throws -> Int {",
      "  try withCommunicator(over: communicator ?? cmpi_comm_world()) { world in world.size }",
      "}",
    ].joined(separator: "\n")
    try directory.write(Array(solver.utf8), to: "projects/spirals/Sources/Spirals/Solver.swift")
    // Ten times what it takes on two free cores.
    let build = try run(
      ["/usr/bin/env", "swift", "build", "-c", "release"], in: folder, limit: 1500)
    try #require(build.status == 0, "\(build.output) \(build.errors)")
    // What the program `lockstep` needs is not fetched for a project that uses the libraries.
    #expect(directory.list("projects/spirals/.build/checkouts") == [])
    let program = folder + "/.build/release/Spirals"
    let rootMay = ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"]
    let outputs = try [[], [try installed("mpirun"), "--oversubscribe", "-n", "2"]].map {
      launcher in
      let trained = try run(
        launcher + [program], environment: plainEnvironment.merging(rootMay) { $1 }, in: folder)
      try #require(trained.status == 0, "\(trained.errors)")
      return trained.output
    }
    for output in outputs {
      let lines = output.split(separator: "\n")
      #expect(lines.count == 4 && lines[0].hasPrefix("epoch 10: loss of the last batch "))
      let right = lines.last?.split(separator: " ").first.flatMap { Int($0) } ?? 0
      #expect(right >= 380 && lines.last?.hasSuffix("of 400 unseen points are right") == true)
    }
    #expect(directory.list("projects/spirals").contains("Spirals.safetensors"))
  }

  @Test func mistakesAreNamed() throws {
    for (arguments, status, sentence) in [
      (["3d"], 64, "error: the name is '3d'; take letters and digits, the first a letter"),
      (["Lockstep"], 64, "error: the name is Lockstep's own; take another"),
      (["New", "."], 73, "error: . is there already; take another folder"),
    ] as [([String], Int32, String)] {
      let made = try run(
        [Scripts.repository + "/launch/new-project"] + arguments, in: directory.path)
      #expect(made.status == status && made.errors == [sentence])
    }
    #expect(directory.list() == [])
  }
}
