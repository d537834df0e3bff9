import Communication
import TestSupport
import Testing

/// Parts of the ranks: `split`.
@Suite(.serialized) struct PartTests {
  @Test(arguments: [1, 2, 4])
  func partsOfAJobAreJobsOfTheirOwn(_ ranks: Int) throws {
    let checks = ["split", "partsByThemselves", "trainsInParts", "waitsOfParts"]
    for hosts in ranks == 4 ? [0, 2] : [0] {
      let job = try mpirun(
        ranks: ranks, "MPIChecks", checks,
        environment: hosts > 0 ? ["PRETENDED_HOSTS": "\(hosts)"] : [:])
      #expect(job.status == 0, "\(job.errors)")
      #expect(job.errors(startingWith: "error: ").isEmpty)
      for name in checks {
        let passed = job.output.split(whereSeparator: \.isNewline)
          .filter { $0.hasSuffix("passed \(name)") }
        #expect(passed.count == ranks, "\(name): \(job.output)")
      }
    }
  }

  @Test(arguments: [
    ("differInPart", "the ranks differ in --seed: rank 1 has 1, rank 3 has 3"),
    ("driftInPart", "rank 3 differs from rank 1 in weight, the first of 2"),
  ])
  func ranksOfPartsAreNamedAsInTheJob(_ check: String, _ sentence: String) throws {
    let job = try mpirun(ranks: 4, "MPIChecks", [check])
    #expect(job.status == 76)
    let lines = job.errors(startingWith: "error: ")
    #expect(lines.count == 1 && lines[0].hasSuffix(sentence), "\(job.errors)")
  }

  @Test func ranksOfThreadsAreOrderedByKey() {
    let seen = withThreadRanks(5) { world in
      let part = world.split(color: world.rank % 2, key: world.size - world.rank)
      return "\(part.rank) of \(part.gather("\(world.rank)")) \(part.sum([Double(world.rank)]))"
    }
    #expect(
      seen == [
        #"2 of ["4", "2", "0"] [6.0]"#, #"1 of ["3", "1"] [4.0]"#, #"1 of ["4", "2", "0"] [6.0]"#,
        #"0 of ["3", "1"] [4.0]"#, #"0 of ["4", "2", "0"] [6.0]"#,
      ])
  }

  @Test func ranksOfThreadsMayTakeNoPart() {
    let sizes = withThreadRanks(3) { world in
      world.split(color: world.rank == 1 ? nil : 0)?.size
    }
    #expect(sizes == [2, nil, 2])
  }

  @Test func partsHaveHostsAndWindowsOfTheirOwn() {
    let seen = withThreadRanks(5, ranksPerHost: [3, 2]) { world in
      // Ranks 4, 2, 0 and 3, 1: a host's ranks are not neighbors.
      let part = world.split(color: world.rank % 2, key: world.size - world.rank)
      let window = part.makeSharedWindow(byteCount: 8)
      let cells = window?.parts.map { $0.assumingMemoryBound(to: Int.self) } ?? []
      if cells.count == part.localSize { cells[part.localRank].pointee = world.rank }
      window?.barrier()
      var sum: [Float] = part.localRank < part.leastLocalSize ? [Float(world.rank)] : []
      sum.withUnsafeMutableBufferPointer { part.allReduceAcrossHosts($0, of: 1) }
      return "\(part.host) \(part.localRank)/\(part.localSize) \(cells.map(\.pointee)) \(sum)"
    }
    #expect(
      seen == [
        "host0 1/2 [2, 0] []", "host0 0/1 [1] [4.0]", "host0 0/2 [2, 0] [6.0]",
        "host1 0/1 [3] [4.0]", "host1 0/1 [4] [6.0]",
      ])
  }

  @Test func partsMayBeSplitAgain() {
    let seen = withThreadRanks(6) { world in
      let half = world.split(color: world.rank / 3)
      return half.split(color: half.isRoot ? nil : 0)?.gather("\(world.rank)") ?? []
    }
    #expect(seen == [[], ["1", "2"], ["1", "2"], [], ["4", "5"], ["4", "5"]])
  }

  /// A process alone goes the same way.
  @Test func aProcessAloneIsItsOwnPart() {
    let world = SoloCommunicator()
    world.step.batch = nil
    let part = world.split(color: 3)
    #expect(part.size == 1 && part.rank == 0 && part !== world)
    #expect(world.split(color: nil) == nil)
  }

  static let misuses = [
    Misuse("split: the color -1 is not from 0 to 2147483647; count groups from 0") {
      _ = SoloCommunicator().split(color: -1)
    },
    Misuse("split: the key -2 is not from 0 to 2147483647") {
      _ = withThreadRanks(2) { world in world.split(color: 0, key: -2).size }
    },
    Misuse("split: inside onRoot { }, which only rank 0 runs") {
      let world = SoloCommunicator()
      world.onRoot { _ = world.split(color: 0) }
    },
  ]

  @Test(arguments: misuses.indices) func misuseStops(_ index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in try Self.misuses[index].run() }
    expectMessage(Self.misuses[index].sentence, of: result)
  }
}
