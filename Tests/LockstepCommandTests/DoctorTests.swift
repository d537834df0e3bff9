import Foundation
import TestSupport
import Testing

/// What `lockstep doctor` says of this machine.
@Suite(.serialized) struct DoctorTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test(arguments: [1, 2])
  func describesEveryRank(_ ranks: Int) throws {
    let doctor = try lockstep("doctor", ranks: ranks, in: directory)
    let lines = try succeeded(doctor).split(separator: "\n")
    #expect(doctor.errors == [])
    let expected: [Regex<Substring>] = [
      /MPI        Open MPI v[0-9.]+.*/,
      ranks == 1
        ? /threads    MPI is not started: no mpirun/ : /threads    MPI grants [a-zA-Z]+/,
      usualProducts == "own" ? /products   own kernels/ : /products   OpenBLAS/,
      /OpenBLAS   [A-Z][A-Za-z]+ kernels; OpenBLAS [0-9.]+.*/,
      ranks == 1 ? /ranks      1/ : /ranks      2/,
    ]
    let rank = #/  rank [01]: host \S+, process [0-9]+, may use cores [0-9,-]+, [0-9]+ thread\(s\)/#
    for (line, pattern) in zip(lines, expected + Array(repeating: rank, count: ranks)) {
      #expect(line.wholeMatch(of: pattern) != nil, "\(line)")
    }
    #expect(lines.filter { $0.contains(": host ") }.count == ranks)
    #expect(["Nothing to mend.", "To mend:"].contains(lines[expected.count + ranks]))
  }

  /// By the affinity mask, unless the environment says otherwise.
  @Test(arguments: [(nil, 1), ("7", 7), ("0", 1)] as [(String?, Int)])
  func threadsAreTheCoresOfTheMask(_ variable: String?, _ threads: Int) throws {
    let mask = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
      .split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
    let core = try #require(mask?.split { !$0.isNumber }.first)
    let doctor = try run(
      ["/usr/bin/taskset", "-c", "\(core)", try builtProgram("lockstep"), "doctor"],
      environment: [
        "LOCKSTEP_NUM_THREADS": variable, "OMPI_COMM_WORLD_LOCAL_SIZE": nil, "MPI_LOCALNRANKS": nil,
      ])
    let line = try succeeded(doctor).split(separator: "\n").first { $0.hasPrefix("  rank 0: ") }
    let expected = ", may use cores \(core), \(threads) thread(s)"
    #expect(line?.hasSuffix(expected) == true, "\(line ?? "")")
  }

  @Test func namesWhatHoldsTheMachineBack() throws {
    let set = try lockstep("doctor", in: directory, environment: ["OPENBLAS_CORETYPE": "Haswell"])
    let advice = "OPENBLAS_CORETYPE=Haswell pins OpenBLAS to Haswell kernels"
    let text = try succeeded(set)
    #expect(text.contains("OpenBLAS   Haswell kernels"))
    #expect(text.contains("To mend:\n  \(advice)"))
    let unset = try lockstep("doctor", in: directory, environment: ["OPENBLAS_CORETYPE": nil])
    #expect(try succeeded(unset).contains("OPENBLAS_CORETYPE") == false)
  }
}
