import Foundation
import TestSupport
import Testing

/// What `launch/lib.sh` offers to the scripts.
@Suite(.serialized) struct LibraryTests {
  private let scripts: Scripts

  init() throws { scripts = try Scripts() }

  @Test func failuresAreSaidOnce() throws {
    let failure = try scripts.runLibrary("fail 78 no such thing; echo never")
    #expect(failure.status == 78 && failure.output == "")
    #expect(failure.errors == ["error: no such thing"])
  }

  @Test func outputIsShownWhereItMatters() throws {
    let quiet = try scripts.runLibrary("quietly echo nothing")
    #expect(quiet.status == 0 && quiet.output == "" && quiet.errors == [])
    let loud = try scripts.runLibrary("quietly bash -c 'echo this; echo that >&2; exit 7'")
    #expect(loud.status == 7 && loud.errors == ["this", "that"])
  }

  /// A machine without zlib's files, until apt-get has installed them.
  private func lackZlib() throws {
    let mark = scripts.root + "/installed"
    try scripts.standIn("pkg-config", "[[ $2 != zlib || -e '\(mark)' ]]")
    try scripts.standIn("sudo", "exec \"$@\"")
    try scripts.standIn(
      "apt-get", "echo \"$*\" >>'\(scripts.root)/asked'; [[ $* != *install* ]] || touch '\(mark)'")
  }

  @Test func whatIsMissingIsNamed() throws {
    try lackZlib()
    let missing = try scripts.runLibrary("require_packages")
    #expect(missing.status == 69)
    #expect(
      missing.errors == [
        "error: not installed: zlib1g-dev; run launch/quickstart, or apt-get install them"
      ])
  }

  @Test func whatIsMissingIsInstalled() throws {
    try lackZlib()
    let installed = try scripts.runLibrary("install_packages; require_packages; echo there")
    #expect(installed.status == 0 && installed.lines == ["there"], "\(installed.errors)")
    #expect(installed.errors.count == 1 && installed.errors[0].hasSuffix("apt-get: zlib1g-dev"))
    let asked = String(decoding: try scripts.directory.read("asked"), as: UTF8.self)
    let steps = asked.split(separator: "\n")
    #expect(steps.count == 2 && steps[0].hasSuffix(" update"), "\(steps)")
    #expect(steps[1].hasSuffix(" install -y --no-install-recommends zlib1g-dev"), "\(steps)")
  }

  @Test func whatCannotBeInstalledEndsTheScript() throws {
    try lackZlib()
    try scripts.standIn("apt-get", "echo 'E: no network'; exit 100")
    let failure = try scripts.runLibrary("install_packages")
    #expect(failure.status == 69)
    #expect(failure.errors.last == "error: could not install: zlib1g-dev; see above")
    #expect(failure.errors.contains("E: no network"), "\(failure.errors)")
  }

  @Test func coresAreThoseOfTheMask() throws {
    let all = try scripts.runLibrary("allowed_cpus; echo cores $(available_cores)").lines
    let cpus = all.dropLast()
    #expect(cpus.count == ProcessInfo.processInfo.activeProcessorCount)
    let cores = Int(all.last?.split(separator: " ").last ?? "") ?? 0
    #expect((1...cpus.count).contains(cores))
    let first = try #require(cpus.first)
    let one = try scripts.runLibrary(
      "taskset -pc \(first) $$ >/dev/null; allowed_cpus; available_cores; usable_cpus",
      environment: ["OMP_NUM_THREADS": "64"])
    #expect(one.lines == [first, "1", "1"])
  }

  @Test func hostFilesAreChecked() throws {
    try scripts.standIn("getent", "[[ $2 == node? ]]")
    let text = "node1 slots=2\n# nothing\n\nme@node2 slots=4 # the other\n"
    try scripts.directory.write(Array(text.utf8), to: "good")
    try scripts.directory.write(Array((text + "nowhere").utf8), to: "bad")
    #expect(try scripts.runLibrary("check_hosts good").status == 0)
    let unknown = try scripts.runLibrary("check_hosts bad")
    #expect(unknown.status == 69 && unknown.errors == ["error: bad:5: unknown host 'nowhere'"])
    let missing = try scripts.runLibrary("check_hosts missing")
    #expect(missing.errors == ["error: missing: cannot read this host file"])
  }

  @Test(arguments: [
    ("2 1 4", "-n 2 ", " --map-by slot:PE=1 --bind-to core "),
    ("2 2 4", "-n 2 ", " --map-by slot:PE=2 --bind-to core "),
    ("3 2 4", "-n 3 ", " --bind-to none --oversubscribe --mca mpi_yield_when_idle 1 "),
    ("'' 2 4 nodes", "", " --hostfile nodes --map-by slot:PE=2 --bind-to core --mca oob_tcp_keep"),
  ])
  func ranksArePlaced(_ arguments: String, _ first: String, _ second: String) throws {
    // As many hardware threads as this process may use.
    try scripts.standIn("getconf", "env -u OMP_NUM_THREADS nproc")
    let command = try scripts.runLibrary(
      "prepare_environment; mpirun_ranks \(arguments); echo \"${mpirun[*]} \"")
    let line = try #require(command.lines.first)
    #expect(line.hasPrefix("mpirun ") && line.hasSuffix(" -x SWIFT_BACKTRACE=enable=no "))
    #expect(line.contains(" " + first) && line.contains(second), "\(line)")
    #expect(line.contains("-n ") == !first.isEmpty, "\(line)")
    let isCrowded = second.contains("oversubscribe")
    #expect(command.errors.isEmpty != isCrowded, "\(command.errors)")
  }

  @Test func ranksUnderAMaskStayUnbound() throws {
    try scripts.standIn("getconf", "echo 1000")
    let command = try scripts.runLibrary(
      "prepare_environment; mpirun_ranks 2 1 4; echo \"${mpirun[*]} \"")
    #expect(command.output.contains(" --bind-to none --oversubscribe "))
    #expect(!command.output.contains("mpi_yield"))
  }

  /// What only mpirun knows stays, and so does every other line.
  @Test func boilerplateIsLeftOut() throws {
    let dashes = String(repeating: "-", count: 74)
    let text = """
      error: rank 1/2 (here): no
      [here:1] 1 more process has sent help message help-mpi-api.txt / mpi-abort
      [here:1] Set MCA parameter "orte_base_help_aggregate" to 0 to see all help / error messages
      \(dashes)
      MPI_ABORT was invoked on rank 1 in communicator MPI_COMM_WORLD
      with errorcode 70.
      \(dashes)
      \(dashes)
      mpirun noticed that process rank 0 with PID 0 exited on signal 9 (Killed).
      \(dashes)
      the end

      """
    try scripts.directory.write(Array(text.utf8), to: "text")
    let left = try scripts.runLibrary("without_boilerplate <text").lines
    #expect(
      left == [
        "error: rank 1/2 (here): no", dashes,
        "mpirun noticed that process rank 0 with PID 0 exited on signal 9 (Killed).", dashes,
        "the end",
      ])
  }
}
