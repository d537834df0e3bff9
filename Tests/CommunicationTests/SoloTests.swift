import Communication
import Diagnostics
import Testing

@Suite(.serialized) struct SoloTests {
  @Test func isAlone() {
    let world = SoloCommunicator()
    #expect(world.isRoot && world.rank == 0 && world.size == 1)
    #expect(world.localRank == 0 && world.localSize == 1)
    #expect(!world.host.isEmpty)
    #expect(world.step.batch == nil)
  }

  @Test(arguments: ReductionOperation.allCases)
  func allReduceKeepsValues(_ operation: ReductionOperation) {
    let world = SoloCommunicator()
    var values: [Float] = [3, -1, .infinity]
    values.withUnsafeMutableBufferPointer { world.allReduce($0, operation) }
    #expect(values == [3, -1, .infinity])
  }

  @Test func collectivesGiveBackWhatTheyGot() {
    let world = SoloCommunicator()
    var bytes: [UInt8] = [1, 2, 3]
    var copy: [UInt8] = [0, 0, 0]
    bytes.withUnsafeMutableBytes { bytes in
      world.broadcast(bytes, from: 0)
      copy.withUnsafeMutableBytes { world.allGather(UnsafeRawBufferPointer(bytes), into: $0) }
    }
    world.barrier()
    #expect(bytes == [1, 2, 3] && copy == bytes)
    #expect(world.sum([1.5, -2]) == [1.5, -2])
    #expect(world.gather("naïve") == ["naïve"])
    #expect(world.gather("") == [""])
    #expect(world.maximum(UInt64.max) == .max && world.minimum(Int32.min) == .min)
  }

  @Test func misuseStops() async {
    await #expect(processExitsWith: .failure) {
      SoloCommunicator().broadcast(UnsafeMutableRawBufferPointer(start: nil, count: 0), from: 1)
    }
    await #expect(processExitsWith: .failure) {
      var bytes: [UInt8] = [1, 2]
      bytes.withUnsafeMutableBytes {
        SoloCommunicator().allGather(UnsafeRawBufferPointer($0), into: .init(rebasing: $0[..<1]))
      }
    }
  }

  @Test func abortEndsTheProcessWithTheCode() async {
    await #expect(processExitsWith: .exitCode(76)) { SoloCommunicator().abort(.ranksDisagree) }
  }
}

@Suite(.serialized) struct SoloSessionTests {
  private struct Missing: ReportableError {
    let description = "train.csv: no such file"
    let exitCode = ExitCode.missingInput
  }

  @Test func returnsWhatTheBodyReturns() throws {
    let size = try withCommunicator { world in
      try withCommunicator { $0.size } + world.size
    }
    #expect(size == 2)
  }

  @Test func throwsOnIfAsked() {
    #expect(throws: Missing.self) {
      try withCommunicator(onFailure: .rethrow) { _ in throw Missing() }
    }
  }

  @Test func endsTheProcessWithTheErrorsStatusAndSentence() async throws {
    let result = await #expect(
      processExitsWith: .exitCode(66), observing: [\.standardErrorContent]
    ) {
      try withCommunicator { _ in throw Missing() }
    }
    let errors = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(errors.contains("error: train.csv: no such file\n"))
  }
}
