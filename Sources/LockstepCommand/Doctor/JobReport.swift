import Lockstep
import Support

/// What `doctor` says of the ranks together: what joins them, and what messages between them cost. The
/// root's is complete; only that asks what is installed.
struct JobReport {
  /// What joins them.
  let lines: [String]
  /// What messages cost.
  let links: [String]
  /// What to mend of both.
  let advice: [String]
}

#if MPI
extension JobReport {
  /// Looks at the ranks of `world`; collective.
  init(_ world: any Communicator) {
    let libraries = world.gather(MPICommunicator.libraryVersion)
    // What is installed is asked once: only the root prints it.
    let installation = world.isRoot ? Installation(linkedWith: libraries) : nil
    let (links, clocks) = Self.describeLinks(world)
    let level = (world as? MPICommunicator).map { "MPI grants \($0.threadLevel.rawValue)" }
    lines =
      ["MPI        \(libraries.first ?? "")"] + (installation?.lines ?? [])
      + ["threads    \(level ?? "MPI is not started: no mpirun")"]
    self.links = links
    advice = (installation?.advice ?? []) + clocks
  }

  /// What messages cost, and what to do about clocks; collective.
  private static func describeLinks(_ world: any Communicator) -> (
    lines: [String], advice: [String]
  ) {
    guard let mpi = world as? MPICommunicator, mpi.size > 1 else {
      return (["links      not measured: one rank; try mpirun -n 2 lockstep doctor"], [])
    }
    let names = mpi.gather(mpi.host)
    let leaders = mpi.gather([mpi.localRank]).enumerated().filter { $1[0] == 0 }.map(\.offset)
    let ends = leaders.count > 1 ? leaders : Array(0..<mpi.size)
    let pairs = LinkBench.pairs(of: ends)
    let measured = zip(pairs, LinkBench(world: mpi).measure(pairs)).map { pair, link in
      leaders.count > 1
        ? (first: names[pair.0], second: names[pair.1], link: link)
        : (first: "rank \(pair.0)", second: "rank \(pair.1)", link: link)
    }
    let isAll = pairs.count == ends.count * (ends.count - 1) / 2
    let title =
      (leaders.count > 1 ? "between hosts" : "between the ranks of this host")
      + (isAll ? "" : ", neighbors only: there are \(ends.count)")
    let table = linkTable(measured, hasClocks: leaders.count > 1).map { "  " + $0 }
    let advice = measured.compactMap { first, second, link in
      ClockOffset.advice(first, second, seconds: link.clock.offset)
    }
    return (["links      \(title)"] + table, advice)
  }
}

extension CoreDemand {
  /// What the ranks of this host ask of its cores; this one may use `own`. Collective over the host.
  init(of own: CoreAllowance, on world: any Communicator) {
    guard let mpi = world as? MPICommunicator else {
      self.init(of: [own], threads: [Threads.count])
      return
    }
    self.init(
      of: mpi.allowances(own),
      threads: mpi.gatherOnHost([UInt64(Threads.count)]).map { Int($0[0]) })
  }
}
#else
extension JobReport {
  /// Looks at `world`, which is one process.
  init(_ world: any Communicator) {
    lines = ["MPI        not built in: one process only"]
    links = []
    advice = []
  }
}

extension CoreDemand {
  /// What this process, which may use `own`, asks of the cores.
  init(of own: CoreAllowance, on world: any Communicator) {
    self.init(of: [own], threads: [Threads.count])
  }
}
#endif
