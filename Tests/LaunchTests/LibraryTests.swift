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
}
