import Communication
import LockstepCommand
import Parallel
import Support
import TestSupport
import Testing

/// How `lockstep doctor` puts what it finds into words, from fixed findings.
@Suite struct DoctorTextTests {
  @Test(
    arguments: [
      ("mpirun (Open MPI) 4.1.4\n\nReport bugs to http://www.open-mpi.org/", "4.1.4"),
      ("Open MPI v4.1.4", "4.1.4"), ("mpirun (Open MPI) 5.0.2", "5.0.2"),
      ("HYDRA build details:\n    Version:    4.0.2", nil), ("", nil), ("Open MPI", nil),
    ] as [(String, String?)])
  func versionsAreFound(_ words: String, _ version: String?) {
    #expect(MPIInstallation.version(in: words) == version)
  }

  @Test(
    arguments: [
      ("mpirun (Open MPI) 4.1.4", nil),
      (
        "mpirun (Open MPI) 5.0.2",
        "/opt/bin/mpirun is that of Open MPI 5.0.2, but this program is linked with Open MPI 4.1.4"
      ),
      (
        "HYDRA build details:",
        "/opt/bin/mpirun is not one of Open MPI, but this program is linked with Open MPI 4.1.4"
      ),
    ] as [(String, String?)])
  func anotherMpirunIsNamed(_ answer: String, _ sentence: String?) {
    let mismatch = MPIInstallation.mismatch(
      library: "Open MPI v4.1.4", mpirun: answer, at: "/opt/bin/mpirun")
    #expect((mismatch == nil) == (sentence == nil))
    #expect(mismatch?.hasPrefix(sentence ?? "") != false, "\(mismatch ?? "")")
    #expect(mismatch?.contains("put the folder of the mpirun of 4.1.4 first in PATH") != false)
  }

  @Test(arguments: [
    (
      "mca:pmix:ext3x:version:\"mca:2.1.0\"\nmca:pmix:ext3x:version:\"api:2.0.0\"\n"
        + "mca:pmix:isolated:version:\"mca:2.1.0\"\nmca:pmix:flux:version:\"mca:2.1.0\"\n",
      "PMIx (ext3x), Flux (flux)"
    ),
    ("mca:pmix:s1:x\nmca:pmix:s2:x\nmca:pmix:pmix3x:x\n", "PMIx (pmix3x), PMI-1 (s1), PMI-2 (s2)"),
    ("mca:pmix:isolated:x\nmca:btl:tcp:x\n", "none"), ("", "none"),
  ])
  func processManagersHaveTheirNames(_ parameters: String, _ text: String) {
    #expect(MPIInstallation.processManagers(parameters) == text)
  }

  @Test(arguments: [
    ("srun: MPI types are...\nsrun: none\nsrun: pmi2\n", ["none", "pmi2"]),
    ("MPI plugin types are...\n\tnone\n\tpmix\n\tpmi2\n", ["none", "pmix", "pmi2"]), ("", []),
  ])
  func kindsOfSlurmAreRead(_ list: String, _ kinds: [String]) {
    #expect(MPIInstallation.slurmKinds(list) == kinds)
  }

  @Test func interfacesAreLines() {
    let interfaces = [
      NetworkInterface(
        name: "eth0", isUp: true, addresses: ["192.0.2.2", "fd00::2"], speed: 25_000),
      NetworkInterface(name: "eth1", isUp: false, addresses: ["192.0.2.3"], speed: 100),
      NetworkInterface(name: "ib0", isUp: true, addresses: [], speed: 200_000),
      NetworkInterface(name: "lo", isUp: true, addresses: ["127.0.0.1"], speed: nil),
      NetworkInterface(name: "veth1", isUp: true, addresses: ["192.0.2.4"], speed: nil),
      NetworkInterface(name: "wlan0", isUp: false, addresses: [], speed: nil),
    ]
    #expect(
      NetworkInterface.lines(interfaces) == [
        "eth0: up, 192.0.2.2, fd00::2, 25 Gbit/s", "eth1: down, 192.0.2.3, 100 Mbit/s",
        "lo: up, 127.0.0.1",
        "veth1: up, 192.0.2.4, speed not readable: the system does not say",
        "without an address: ib0 (up), wlan0 (down)",
      ])
  }

  private static let limits = """
    Limit                     Soft Limit           Hard Limit           Units
    Max cpu time              unlimited            unlimited            seconds
    Max file size             1048576              unlimited            bytes
    Max core file size        0                    unlimited            bytes
    Max open files            256                  20000                files
    Max locked memory         8388608              8388608              bytes
    """

  @Test func limitsAreLines() {
    let limits = ResourceLimits(Self.limits)
    #expect(
      limits.lines.map { "\($0): \($1)" } == [
        "open files: 256", "locked memory: 8389 KB", "core file: 0 bytes", "file size: 1049 KB",
      ])
    let advice = limits.advice("node1")
    #expect(
      advice == [
        "node1: 256 open files may be too few for mpirun and many ranks: ulimit -n 4096",
        "node1: files of more than 1049 KB cannot be written, weights neither: ulimit -f unlimited",
      ])
    let roomy = ResourceLimits(
      Self.limits.replacing("1048576", with: "unlimited").replacing(" 256 ", with: " 1024 "))
    #expect(roomy.advice("node1") == [])
    #expect(ResourceLimits("").lines.allSatisfy { $1 == "not readable: /proc/self/limits" })
    #expect(ResourceLimits("").advice("node1") == [])
  }

  private static func allowance(
    _ cores: Range<Int>, quota: (group: Int, cores: Double)? = nil
  ) -> CoreAllowance {
    CoreAllowance(
      cores: cores.map { .init(number: $0, threads: [$0]) },
      quotas: quota.map { [.init(group: $0.group, cores: $0.cores)] } ?? [])
  }

  @Test func masksAreLines() {
    let demand = CoreDemand(
      of: [Self.allowance(0..<4), Self.allowance(0..<4), Self.allowance(6..<7)], threads: [2, 3, 1])
    #expect(
      demand.lines == [
        "cores 0-3: 2 ranks, which share them, each with 2 or 3 thread(s)",
        "cores 6: 1 rank with 1 thread(s)",
      ])
    #expect(demand.room == 5)
    #expect(
      demand.advice("node1") == """
        node1: 3 rank(s) with 6 thread(s) in all on 5 core(s): results are right, but speed suffers
        """)
  }

  /// A limit of all ranks holds for all; one of a single rank's group does not.
  @Test func limitsOfAllRanksCount() {
    let shared = [Self.allowance(0..<8, quota: (1, 2.5)), Self.allowance(8..<16, quota: (1, 2.5))]
    #expect(CoreDemand(of: shared, threads: [1, 1]).advice("x") == nil)
    #expect(CoreDemand(of: shared, threads: [2, 1]).advice("x")?.contains(" on 2 core(s)") == true)
    let apart = [Self.allowance(0..<8, quota: (1, 2)), Self.allowance(8..<16, quota: (2, 2))]
    #expect(CoreDemand(of: apart, threads: [2, 2]).advice("x") == nil)
    #expect(HostReport.quotas(shared[0]) == "2.50 cores")
    #expect(HostReport.quotas(Self.allowance(0..<1)) == "none")
  }

  @Test(arguments: [
    ([], ""), ([3], "3"), ([0, 1, 2, 3, 8], "0-3,8"), ([1, 3, 4], "1,3-4"),
  ])
  func listsAreWrittenAsTheKernelDoes(_ numbers: [Int], _ text: String) {
    #expect(rangesText(numbers, separator: ",") == text)
    #expect(CoreAllowance.numbers(ofList: text) == numbers)
  }

  @Test func smallSharedMemoryIsNamed() {
    #expect(HostReport.sharedMemoryAdvice("node1", size: 25_000_000_000) == nil)
    let advice = HostReport.sharedMemoryAdvice("node1", size: 64 << 20) ?? ""
    #expect(advice.hasPrefix("node1: /dev/shm has 67 MB: ranks whose gradients are larger"))
  }

  /// What cannot be read is said to be so.
  @Test func nothingIsNeeded() {
    let demand = CoreDemand(of: [Self.allowance(0..<1)], threads: [1])
    let report = HostReport(Self.allowance(0..<1), host: "x", demand: demand) { _ in nil }
    let texts = Dictionary(report.lines.map { ($0.name, $0.text) }) { first, _ in first }
    #expect(texts["limits"] == "not readable: /proc/self/limits")
    #expect(texts["clock"]?.hasPrefix("not readable: /sys/devices/system/clocksource/") == true)
    #expect(texts["/dev/shm"] != nil && texts["interface"] != nil)
  }

  /// The fastest answer is the best: the clock is 1 ms ahead, and the way is known to 10 us.
  @Test func clocksAreComparedByTheFastestAnswer() {
    let offset = ClockOffset([
      .init(asked: 0, answer: 1_900_000, heard: 2_000_000),
      .init(asked: 5_000_000, answer: 6_010_000, heard: 5_020_000),
      .init(asked: 7_000_000, answer: 7_500_000, heard: 9_000_000),
    ])
    #expect(abs(offset.seconds - 1e-3) < 1e-12)
    #expect(abs(offset.uncertainty - 1e-5) < 1e-12)
  }

  @Test func clocksThatDisagreeAreNamed() {
    #expect(ClockOffset.advice("node1", "node2", seconds: 0.9) == nil)
    let later = ClockOffset.advice("node1", "node2", seconds: 3.21) ?? ""
    #expect(later.hasPrefix("by the clock of node2 it is 3.2 s later than by that of node1: "))
    let earlier = ClockOffset.advice("node1", "node2", seconds: -3600) ?? ""
    #expect(earlier.hasPrefix("by the clock of node2 it is 3600.0 s earlier than by that of "))
  }

  @Test func linksAreATable() {
    let link = Link(latency: 23.45e-6, bandwidth: 1.25e9, clock: (-0.0012, 25e-6))
    let links = [(first: "node1", second: "node10", link: link)]
    #expect(
      linkTable(links, hasClocks: true) == [
        "               latency us        GB/s    clock ms       +- ms",
        "node1  node10        23.4       1.250      -1.200       0.025",
      ])
    #expect(
      linkTable(links, hasClocks: false) == [
        "               latency us        GB/s", "node1  node10        23.4       1.250",
      ])
  }
}
