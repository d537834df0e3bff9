import Glibc
import TestSupport
import Testing

/// What the system refuses, and what the environment says wrongly, ends a program in a sentence.
@Suite(.serialized) struct SystemLimitTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func shell(_ line: String) throws -> ProcessRun {
    let script = "lockstep() { '\(try builtProgram("lockstep"))' \"$@\"; }\n" + line
    return try run(
      ["/bin/bash", "-c", script], environment: plainEnvironment, in: directory.path)
  }

  /// What a process gets, in megabytes, and how large a text it reads.
  @Test(arguments: [(100, 100_000, "bytes for a tensor; "), (100, 3_000_000, "the system refuses")])
  func memoryThatIsRefusedIsSaid(megabytes: Int, lines: Int, cause: String) throws {
    try directory.write(
      Array(String(repeating: "to be or not to be\n", count: lines).utf8), to: "text")
    let job = try shell(
      "ulimit -v \(megabytes * 1024); lockstep train --threads 1 --model rnn --data text:text "
        + "--global-batch 512 --steps 1 --quiet --run-dir run")
    #expect(job.status == 71, "\(job.errors)")
    // Before it, Swift's runtime may say what it was.
    let errors = job.errors.filter { $0.hasPrefix("error: ") }
    #expect(errors.count == 1 && errors[0].hasPrefix("error: out of memory: "), "\(job.errors)")
    #expect(job.errors.last == errors.first && errors.first?.contains(cause) == true)
  }

  @Test(arguments: [
    ("LOCKSTEP_NUM_THREADS", "100000", "a whole number from 1 to 1024"),
    ("LOCKSTEP_NUM_THREADS", "0", "a whole number from 1 to 1024"),
    ("LOCKSTEP_NUM_THREADS", "two", "a whole number from 1 to 1024"),
    ("LOCKSTEP_PRODUCTS", "mkl", "one of own, openblas, auto"),
    ("LOCKSTEP_WARN_AFTER", "-1", "a number of seconds, and 0 means never"),
    ("LOCKSTEP_ABORT_AFTER", "soon", "a number of seconds, and 0 means never"),
    ("LOCKSTEP_COLUMNS", "wide", "a whole number from 0 to 100000"),
  ]) func nonsenseInVariablesIsRefused(name: String, value: String, expected: String) throws {
    let job = try lockstep(
      "train --steps 1 --run-dir run", in: directory, environment: [name: value])
    #expect(job.status == 78)
    let lines = job.errors.filter { $0.hasPrefix("error: ") }
    #expect(lines == ["error: \(name) is '\(value)'; it must be \(expected)"])
  }

  @Test func emptyVariablesAreNone() throws {
    let names = ["NUM_THREADS", "PRODUCTS", "WARN_AFTER", "ABORT_AFTER", "COLUMNS"]
    try succeeded(
      try lockstep(
        "train --steps 1 --run-dir run", in: directory,
        environment: Dictionary(uniqueKeysWithValues: names.map { ("LOCKSTEP_\($0)", "") })))
  }

  @Test func doctorListsTheVariablesThatAreSet() throws {
    let text = try succeeded(
      try lockstep(
        "doctor", in: directory,
        environment: [
          "LOCKSTEP_WARN_AFTER": "5", "LOCKSTEP_NUM_THREAD": "2\u{1B}[2J",
          "LOCKSTEP_NUM_THREADS": "1",
        ]))
    #expect(
      text.contains(
        """
        variables  LOCKSTEP_NUM_THREAD=2\\u{1B}[2J, which Lockstep does not read
                   LOCKSTEP_NUM_THREADS=1
                   LOCKSTEP_WARN_AFTER=5

        """), "\(text)")
  }

  /// A path is bytes: one that is no text is not made another one.
  @Test(arguments: ["--run-dir $'caf\\xe9'", "--run-dir run --data $'text:caf\\xe9' --model rnn"])
  func pathsThatAreNoTextAreRefused(options: String) throws {
    let job = try shell("lockstep train --steps 1 --quiet \(options)")
    expectFailure(job, 64, "caf\u{FFFD}', is not text in UTF-8; give such a file or directory")
    #expect(directory.list().isEmpty)
  }

  @Test func foldersThatAreNoTextAreRefused() throws {
    try directory.write(Array(String(repeating: "to be or not ", count: 60).utf8), to: "be.txt")
    let job = try shell(
      "mkdir $'caf\\xe9' && cp be.txt $'caf\\xe9' && cd $'caf\\xe9' && "
        + "lockstep train --steps 1 --quiet --run-dir run --data text:be.txt --model rnn")
    #expect(job.status == 78)
    #expect(job.errors.first?.contains("caf\u{FFFD}', is not text in UTF-8") == true)
    let data = try shell(
      "LOCKSTEP_MNIST=$'caf\\xe9' lockstep train --quiet --run-dir run --steps 1")
    #expect(data.status == 0, "what is not used may be anything: \(data.errors)")
  }

  /// Children of a program have its variables as they are, text or not.
  @Test func variablesThatAreNoTextStayThemselves() throws {
    let job = try shell(
      "V=$'caf\\xe9' lockstep launch -n 1 /bin/sh -c 'printf %s \"$V\" | od -An -tx1'")
    #expect(try succeeded(job) == " 63 61 66 e9\n")
  }

  @Test func addressesNeedNoName() throws {
    try directory.write(Array("192.0.2.77 slots=2\nuser@198.51.100.1\n".utf8), to: "hosts")
    let job = try lockstep("launch --hostfile hosts --print true", in: directory)
    #expect(try succeeded(job).hasPrefix("mpirun "))
  }
}
