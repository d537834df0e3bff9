import LockstepCommand
import Testing

/// What `lockstep launch` decides, from the numbers that it is told and the host that it runs on.
@Suite struct JobPlanTests {
  private static func host(
    cores: Int = 4, isMasked: Bool = false, isRoot: Bool = false, filters: Bool = false
  ) -> LaunchHost {
    LaunchHost(cores: cores, isMasked: isMasked, isRoot: isRoot, filtersSystemCalls: filters)
  }

  /// On a host with so many cores: what is asked for, and the ranks and threads that come of it.
  @Test(
    arguments: [
      (1, nil, nil, 1, 1), (2, nil, nil, 2, 1), (3, nil, nil, 3, 1), (8, nil, nil, 4, 2),
      (9, nil, nil, 4, 2), (8, 1, nil, 1, 8), (8, 3, nil, 3, 2), (8, 16, nil, 16, 1),
      (8, 2, 3, 2, 3), (8, nil, 3, 2, 3), (4, nil, 4, 1, 4),
      (16, nil, 2, 4, 2), (2, nil, 4, 1, 4),
    ] as [(Int, Int?, Int?, Int, Int)])
  func ranksAndThreadsFillTheCores(
    _ cores: Int, _ ranks: Int?, _ threads: Int?, _ expectedRanks: Int, _ expectedThreads: Int
  ) {
    let plan = JobPlan(
      ranks: ranks, threads: threads, hostFile: nil, on: Self.host(cores: cores))
    #expect(plan.ranks == expectedRanks)
    #expect(plan.threads == expectedThreads)
    #expect(plan.isPlain == (expectedRanks == 1))
    #expect(plan.isCrowded == (expectedRanks * expectedThreads > cores))
  }

  @Test func aHostFileDecidesByItsSlots() {
    let plan = JobPlan(ranks: nil, threads: nil, hostFile: "nodes", on: Self.host(cores: 1))
    #expect(plan.ranks == nil && plan.threads == 1)
    #expect(!plan.isPlain && !plan.isCrowded)
    let one = JobPlan(ranks: 1, threads: 64, hostFile: "nodes", on: Self.host(cores: 1))
    #expect(!one.isPlain && !one.isCrowded)
  }

  @Test(
    arguments: [
      (2, 1, nil, "mpirun -n 2 --map-by slot:PE=1 --bind-to core"),
      (2, 2, nil, "mpirun -n 2 --map-by slot:PE=2 --bind-to core"),
      (3, 2, nil, "mpirun -n 3 --bind-to none --oversubscribe --mca mpi_yield_when_idle 1"),
      (
        nil, 2, "nodes",
        "mpirun --hostfile nodes --map-by slot:PE=2 --bind-to core --mca oob_tcp_keepalive_time 10 "
          + "--mca oob_tcp_keepalive_intvl 5 --mca oob_tcp_keepalive_probes 3"
      ),
    ] as [(Int?, Int, String?, String)])
  func ranksArePlaced(_ ranks: Int?, _ threads: Int, _ hostFile: String?, _ command: String) {
    let plan = JobPlan(ranks: ranks, threads: threads, hostFile: hostFile, on: Self.host())
    #expect(plan.mpirun(variables: []).joined(separator: " ") == command)
  }

  /// mpirun ignores the mask when it binds.
  @Test func ranksUnderAMaskStayUnbound() {
    let plan = JobPlan(ranks: 2, threads: 1, hostFile: nil, on: Self.host(isMasked: true))
    #expect(
      plan.mpirun(variables: []) == ["mpirun", "-n", "2", "--bind-to", "none", "--oversubscribe"])
  }

  @Test func whatMpirunMustBeToldIsSaid() {
    let plan = JobPlan(
      ranks: 2, threads: 1, hostFile: nil, on: Self.host(isRoot: true, filters: true))
    #expect(
      plan.mpirun(variables: ["A=1", "B"]).joined(separator: " ")
        == "mpirun -n 2 --allow-run-as-root --map-by slot:PE=1 --bind-to core "
        + "--mca btl_vader_single_copy_mechanism none -x A=1 -x B")
  }

  @Test(
    arguments: [
      ("node1 slots=8", "node1"), ("  me@node2\tslots=4 # the other", "node2"),
      ("node3#x", "node3"),
      ("# nothing", nil), ("", nil), ("   ", nil),
    ] as [(String, String?)])
  func aLineOfAHostFileNamesAHost(_ line: String, _ host: String?) {
    #expect(HostFile.host(in: line) == host)
  }
}
