import Glibc
import LockstepCommand
import Support
import TestSupport
import Testing

/// What killed ranks leave in shared memory.
struct SharedMemoryRestsTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test func filesThatNobodyUsesGo() throws {
    let names = [
      "vader_segment.host.0.1c9b0001.1", "osc_sm.host.4e600001.0.9", "vader_segment.used", "other",
    ]
    for name in names { try directory.write([1, 2, 3], to: name) }
    let used = try MappedFile(directory.path + "/vader_segment.used")
    SharedMemoryRests.remove(since: time(nil) - 100, in: directory.path)
    #expect(directory.list() == ["other", "vader_segment.used"])
    withExtendedLifetime(used) {}
  }

  @Test func thoseOfEarlierJobsStay() throws {
    try directory.write([1], to: "vader_segment.host")
    SharedMemoryRests.remove(since: time(nil) + 100, in: directory.path)
    #expect(directory.list() == ["vader_segment.host"])
  }
}
