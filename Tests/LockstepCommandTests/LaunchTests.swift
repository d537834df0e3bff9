import Foundation
import TestSupport
import Testing

/// `lockstep launch`, which starts ranks.
@Suite(.serialized) struct LaunchTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// Launches with the words of `line`, and those of `program`; `mpirun` is a script in the place of
  /// that program. The launcher inherits that the signal `ignored` is ignored.
  private func launch(
    _ line: String, _ program: [String] = [], mpirun: String? = nil,
    environment: [String: String?] = [:],
    ignoring ignored: String? = nil, whileRunning: (pid_t) -> Void = { _ in }
  ) throws -> ProcessRun {
    var changes = plainEnvironment.merging(environment) { $1 }
    if let mpirun {
      try directory.writeProgram("#!/bin/bash\n\(mpirun)\n", to: "bin/mpirun")
      changes["PATH"] = directory.path + "/bin:/bin:/usr/bin"
    }
    let start = ignored.map { ["/usr/bin/env", "--ignore-signal=\($0)"] } ?? []
    let command = ["launch"] + line.split(separator: " ").map(String.init) + program
    return try withoutOtherJobs {
      try run(
        start + [try builtProgram("lockstep")] + command, environment: changes, in: directory.path,
        whileRunning: whileRunning)
    }
  }

  @Test func ranksAreStarted() throws {
    let checks = try builtProgram("MPIChecks")
    let job = try launch("-n 2 --threads 5", [checks, "identity", "chosenThreads"])
    #expect(job.status == 0, "\(job.errors)")
    let passed = job.output.split(separator: "\n").sorted()
    #expect(
      passed
        == ["identity", "chosenThreads"].sorted().flatMap { name in
          (0..<2).map { "rank \($0) passed \(name)" }
        }.sorted())
  }

  /// One rank is the program itself, with all its options.
  @Test func oneRankIsAPlainProcess() throws {
    let job = try launch("-n 1 --threads 3 -- /bin/sh -c env")
    #expect(job.status == 0, "\(job.errors)")
    let variables = Set(job.output.split(separator: "\n"))
    #expect(variables.isSuperset(of: ["LOCKSTEP_NUM_THREADS=3", "SWIFT_BACKTRACE=enable=no"]))
    #expect(!variables.contains { $0.hasPrefix("OMPI_COMM_WORLD_SIZE") })
    #expect(try launch("-n 1 /bin/false").status == 1)
  }

  @Test(arguments: [("--threads 3", "5", 3), ("", "5", 5)])
  func threadsThatSomebodyChoseAreKept(_ option: String, _ variable: String, _ count: Int) throws {
    let job = try launch(
      "-n 2 \(option) --print /bin/true", environment: ["LOCKSTEP_NUM_THREADS": variable])
    #expect(job.output.contains(" -x LOCKSTEP_NUM_THREADS=\(count) "), "\(job.output)")
  }

  /// Ranks on other hosts do not inherit them.
  @Test func variablesOfLockstepTravel() throws {
    try directory.write(Array("localhost slots=2\n".utf8), to: "hosts")
    let job = try launch(
      "--hostfile hosts --print /bin/true 'it'", environment: ["LOCKSTEP_PRODUCTS": "own"])
    #expect(
      job.output.contains(" -x LOCKSTEP_PRODUCTS /bin/true ''\\''it'\\'''\n"), "\(job.output)")
  }

  @Test(arguments: [0, 1, 75, 137])
  func theStatusIsTheJobs(_ status: Int32) throws {
    let job = try launch("-n 2 /bin/true", mpirun: "echo out; echo err >&2; exit \(status)")
    #expect(job.status == status)
    #expect(job.output == "out\n")
    #expect(job.errors.last == "err")
  }

  @Test func aKilledJobHasTheStatusOfItsSignal() throws {
    #expect(try launch("-n 2 /bin/true", mpirun: "kill -KILL $$").status == 137)
  }

  /// The last words come, though the job leaves a process behind that holds its standard error.
  @Test func whatAJobLeavesBehindIsNotWaitedFor() throws {
    let job = try launch(
      "-n 2 /bin/true", mpirun: "sleep 1000 & echo $! >left; echo the last words >&2; exit 3")
    let left = try String(contentsOfFile: directory.path + "/left", encoding: .utf8)
    kill(pid_t(left.split(separator: "\n").first ?? "") ?? getpid(), SIGKILL)
    #expect(job.status == 3 && !job.timedOut)
    #expect(job.errors.last == "the last words")
  }

  /// The same, where that process never stops to write.
  @Test func whatAJobLeavesBehindMayWriteForever() throws {
    let job = try launch(
      "-n 2 /bin/true",
      mpirun: "while echo more >&2; do sleep 0.01; done & echo the first >&2; exit 3")
    #expect(job.status == 3 && !job.timedOut)
    #expect(job.errors.contains("the first"))
  }

  /// What a parent asks for about its children does not change what the launcher knows of its own.
  @Test func theStatusIsKnownThoughEndsOfChildrenAreIgnored() throws {
    #expect(try launch("-n 2 /bin/true", mpirun: "exit 3", ignoring: "CHLD").status == 3)
  }

  /// As under nohup.
  @Test func anIgnoredSignalIsNotPassedOn() throws {
    var isSent = false
    let job = try launch(
      "-n 2 /bin/true",
      mpirun: #"""
        exec perl -e '
          $SIG{HUP} = sub { print STDERR "got it\n" };
          $SIG{USR1} = sub { exit 9 };
          open my $ready, ">", "ready";
          sleep 1 while 1'
        """#, ignoring: "HUP"
    ) { process in
      guard !isSent, directory.list().contains("ready") else { return }
      isSent = true
      for signal in [SIGHUP, SIGUSR1] { kill(process, signal) }
    }
    #expect(job.status == 9)
    #expect(!job.errors.contains("got it"))
  }

  /// A signal to the launcher, or to its process group, reaches the job, once.
  @Test(arguments: [SIGINT, SIGTERM, SIGUSR1], [false, true])
  func signalsArePassedOn(_ signal: Int32, _ toGroup: Bool) throws {
    var isSent = false
    let job = try launch(
      "-n 2 /bin/true",
      mpirun: """
        trap 'echo got it >&2; got=1' \(signal)
        touch ready
        until [[ -n $got ]]; do sleep 0.01; done
        sleep 0.3
        exit 9
        """
    ) { process in
      guard !isSent, directory.list().contains("ready") else { return }
      isSent = true
      // As GNU timeout does: the launcher itself, then all of its group.
      kill(process, signal)
      if toGroup { kill(-process, signal) }
    }
    #expect(job.status == 9)
    #expect(job.errors.filter { $0 == "got it" }.count == 1, "\(job.errors)")
  }

  /// However the launcher ends, the job does not go on alone.
  @Test func theJobEndsWithTheLauncher() throws {
    var isSent = false
    let job = try launch(
      "-n 2 /bin/true",
      mpirun: """
        trap 'touch ended; exit 9' TERM
        touch ready
        while :; do sleep 0.01; done
        """
    ) { process in
      guard !isSent, directory.list().contains("ready") else { return }
      isSent = true
      kill(process, SIGKILL)
    }
    #expect(job.status == 137)
    #expect(waitUntil { directory.list().contains("ended") })
  }

  @Test(arguments: [
    ("", 64, "Missing the program to start. See 'lockstep launch --help'"),
    ("-n 2", 64, "Missing the program to start."), ("-n 2 --", 64, "Missing the program to start."),
    ("-n 0 /bin/true", 64, "-n is 0; it must be from 1 to 100000."),
    ("-n two /bin/true", 64, "The value 'two' is invalid for '-n <ranks>'"),
    ("--threads 0 /bin/true", 64, "--threads is 0; it must be from 1 to 1024."),
    ("--rank 2 /bin/true", 64, "Unknown option '--rank'; options of a program follow its name."),
    ("-n 2 no-such-program", 69, "no-such-program: not found in PATH"),
    ("-n 1 no-such-program", 69, "no-such-program: not found in PATH"),
    ("-n 2 ./nothing", 69, "./nothing: no such program; is it built?"),
    ("--hostfile nowhere /bin/true", 69, "nowhere: cannot read this host file"),
    ("--hostfile . /bin/true", 69, ".: cannot read this host file"),
    ("--hostfile bad /bin/true", 69, "bad:4: unknown host 'nowhere.invalid'"),
  ])
  func mistakesAreNamed(_ line: String, _ status: Int32, _ cause: String) throws {
    let text = "localhost slots=2\n# nothing\n\nme@nowhere.invalid slots=4 # the other"
    try directory.write(Array(text.utf8), to: "bad")
    expectFailure(try launch(line), status, "error: \(cause)")
  }

  @Test func missingMpirunIsNamed() throws {
    let job = try launch("-n 2 --threads 1 /bin/true", environment: ["PATH": directory.path])
    #expect(job.status == 69)
    #expect(
      job.errors.last
        == "error: mpirun: not found in PATH; install Open MPI (launch/quickstart does)")
  }

  @Test func helpIsPrinted() throws {
    for help in ["--help", "-h", "-n 2 --help"] {
      let job = try launch(help)
      #expect(job.status == 0 && job.errors == [])
      #expect(job.output.contains("USAGE: lockstep launch "), "\(job.output)")
    }
  }

  @Test func ranksCannotStartRanks() throws {
    expectFailure(
      try lockstep("launch -n 2 /bin/true", ranks: 2, in: directory), 64,
      "launch starts mpirun itself; run it without")
  }
}
