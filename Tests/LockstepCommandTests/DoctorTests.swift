import Foundation
import TestSupport
import Testing

/// What `lockstep doctor` says of this machine.
@Suite(.serialized) struct DoctorTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// The whole report, line by line.
  @Test(arguments: [1, 2])
  func describesTheMachineAndEveryRank(_ ranks: Int) throws {
    let doctor = try lockstep("doctor", ranks: ranks, in: directory)
    let lines = try succeeded(doctor).split(separator: "\n")
    #expect(doctor.errors == [])
    let start: [Regex<Substring>] = [
      /MPI        Open MPI v[0-9.]+.*/,
      /mpirun     Open MPI [0-9.]+, \/.*\/mpirun/,
      /PMI        Open MPI joins .*[A-Za-z0-9-]+ \([a-z0-9]+\)/,
      ranks == 1
        ? #/           this process was started by no launcher/#
        : #/           this process was started by mpirun, by PMIx/#,
      ranks == 1
        ? /threads    MPI is not started: no mpirun/ : /threads    MPI grants [a-zA-Z]+/,
      usualProducts == "own" ? /products   own kernels/ : /products   OpenBLAS/,
      /OpenBLAS   [A-Z][A-Za-z]+ kernels; OpenBLAS [0-9.]+.*/,
      /variables  (?:none of LOCKSTEP_…|LOCKSTEP_PRODUCTS=openblas)/,
      ranks == 1 ? /ranks      1/ : /ranks      2/,
    ]
    let rank = #/  rank [01]: host \S+, process [0-9]+, may use cores [0-9,-]+, [0-9]+ thread\(s\)/#
    let mask =
      #/  mask           cores [0-9,-]+: (1 rank|2 ranks, which share them, each) with [0-9]+ .*/#
    let host: [Regex<Substring>] = [
      #/  CPU limit      (?:none|[0-9.]+ cores(?:, within [0-9.]+ cores)*)/#,
      #/  \/dev\/shm       [0-9.]+ [KMG]B, [0-9.]+ (?:[KMG]B|bytes) free/#,
      #/  open files     (?:[0-9]+|unlimited)/#,
      #/  locked memory  (?:[0-9]+ (?:[KMG]B|bytes)|[0-9.]+ GB|unlimited)/#,
      #/  core file      (?:[0-9]+ (?:[KMG]B|bytes)|[0-9.]+ GB|unlimited)/#,
      #/  file size      (?:[0-9]+ (?:[KMG]B|bytes)|[0-9.]+ GB|unlimited)/#,
      #/  clock          [a-z_0-9-]+/#,
    ]
    var rest = lines[...]
    func expect(_ pattern: Regex<Substring>) {
      let line = rest.popFirst() ?? "nothing"
      #expect(line.wholeMatch(of: pattern) != nil, "\(line)")
    }
    for pattern in start + Array(repeating: rank, count: ranks) { expect(pattern) }
    expect(/host       \S+/)
    expect(#/  cores          [0-9]+ for all ranks; the machine has [0-9]+ hardware thread\(s\)/#)
    let masks = rest.prefix { $0.hasPrefix("  mask ") }
    #expect((1...ranks).contains(masks.count))
    for line in masks { #expect(line.wholeMatch(of: mask) != nil, "\(line)") }
    rest = rest.dropFirst(masks.count)
    for pattern in host { expect(pattern) }
    let interfaces = rest.prefix { $0.hasPrefix("  interface ") }
    let interface =
      #/  interface      (\S+: (up|down)(, [0-9a-f.:]+)+(, ([0-9]+ [GM]bit\/s|speed not .*))?|without .*)/#
    #expect(interfaces.contains { $0.hasPrefix("  interface      lo: up, 127.0.0.1") })
    for line in interfaces { #expect(line.wholeMatch(of: interface) != nil, "\(line)") }
    rest = rest.dropFirst(interfaces.count)
    if ranks == 1 {
      expect(/links      not measured: one rank; try mpirun -n 2 lockstep doctor/)
    } else {
      expect(/links      between the ranks of this host/)
      expect(#/ +latency us        GB\/s/#)
      expect(#/  rank 0  rank 1 +[0-9]+\.[0-9] +[0-9]+\.[0-9]{3}/#)
    }
    #expect(["Nothing to mend.", "To mend:"].contains(rest.first))
  }

  /// A row for each pair of hosts, what each host has of its own, and how far their clocks are apart:
  /// not at all, as these hosts are one machine.
  @Test(.needsHosts) func hostsAreCompared() throws {
    let job = try runOnHosts(3, slots: 2, "lockstep", ["doctor"], in: directory.path)
    let lines = try succeeded(job).split(separator: "\n").map(String.init)
    for host in 1...3 {
      #expect(lines.filter { $0 == "host       node\(host)" }.count == 1, "\(lines)")
      #expect(
        lines.contains { $0.hasPrefix("  interface      eth0: up, 10.77.0.\(host), speed not ") })
    }
    let masks = lines.filter { $0.hasPrefix("  mask ") }
    #expect(masks.count == 3 && masks.allSatisfy { $0.contains(": 2 ranks, which share them") })
    let title = try #require(lines.firstIndex(of: "links      between hosts"), "\(lines)")
    let rows = lines[(title + 2)...].prefix { $0.hasPrefix("  node") }
      .map { $0.split(separator: " ").map(String.init) }
    #expect(
      rows.map { $0.prefix(2).joined(separator: " ") }
        == ["node1 node2", "node1 node3", "node2 node3"])
    for row in rows {
      let numbers = row.dropFirst(2).compactMap { Double($0) }
      try #require(numbers.count == 4, "\(row)")
      #expect(numbers[0] > 0 && numbers[1] > 0 && numbers[3] > 0, "\(row)")
      // Printed with three decimals.
      #expect(abs(numbers[2]) <= numbers[3] + 0.001, "\(row)")
    }
  }

  /// Scripts stand in for what is installed.
  @Test func anotherMpirunIsToBeMended() throws {
    try directory.writeProgram("#!/bin/sh\necho 'mpirun (Open MPI) 1.2.3'\n", to: "bin/mpirun")
    try directory.writeProgram("#!/bin/sh\nexit 3\n", to: "bin/ompi_info")
    try directory.writeProgram(
      "#!/bin/sh\nprintf 'MPI plugin types are...\\n\\tnone\\n\\tpmi2\\n' >&2\n", to: "bin/srun")
    let doctor = try lockstep(
      "doctor", in: directory, environment: ["PATH": directory.path + "/bin:/bin:/usr/bin"])
    let text = try succeeded(doctor)
    let path = directory.path + "/bin/mpirun"
    #expect(text.contains("\nmpirun     Open MPI 1.2.3, \(path)\n"), "\(text)")
    #expect(
      text.contains(
        "PMI        not readable: ompi_info --parsable --param pmix all ended with "
          + "status 3\n"))
    #expect(text.contains("\n           srun offers none, pmi2\n"))
    #expect(
      text.contains("\n  \(path) is that of Open MPI 1.2.3, but this program is linked with "))
    let none = try lockstep("doctor", in: directory, environment: ["PATH": directory.path])
    #expect(try succeeded(none).contains("\nmpirun     not in PATH\n"))
    #expect(try succeeded(none).contains("  mpirun is not in PATH: install Open MPI "))
  }

  /// By the affinity mask, unless the environment says otherwise.
  @Test(arguments: [(nil, 1), ("7", 7), ("", 1)] as [(String?, Int)])
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
