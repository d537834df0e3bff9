import Glibc
import Support
import Testing

/// What is said of a disk that does not answer, by the looks of the thread that watches.
@Suite struct StorageTests {
  private static let tenth: UInt64 = 100_000_000
  private let limits = StorageLimits(warning: 1, abort: 3)

  /// What the looks find, ten a second, at the waits with these numbers; 0: at none.
  private func findings(_ waits: [UInt64]) -> [StorageWatch.Finding] {
    var watch = StorageWatch(limits, at: 0)
    return waits.enumerated().map { look, wait in
      watch.look(at: wait > 0 ? wait : nil, limits, now: UInt64(look + 1) * Self.tenth)
    }
  }

  @Test func aCallThatDoesNotReturnIsWarnedOfOnceAndEnded() {
    let found = findings(Array(repeating: 7, count: 40))
    #expect(found[..<11].allSatisfy { $0 == .nothing })
    #expect(found.filter { if case .warning = $0 { true } else { false } }.count == 1)
    let end = found.firstIndex { if case .end = $0 { true } else { false } }
    #expect(end == 31, "\(found)")
  }

  /// A large file is many calls: as long as they return, there is progress.
  @Test func callsThatReturnMayBeMany() {
    let found = findings((0..<100).map { UInt64($0 / 9 + 1) })
    #expect(found.allSatisfy { $0 == .nothing })
  }

  @Test func theThreadEndsWhenNobodyWaits() {
    let found = findings([7, 7] + Array(repeating: 0, count: 11))
    #expect(found.dropLast().allSatisfy { $0 == .nothing } && found.last == .idle)
  }

  @Test func aCallKeepsTheErrorOfTheSystem() {
    let result = uninterrupted(.open, "/nowhere") { open("/nowhere/at/all", O_RDONLY) }
    let code = errno
    #expect(result == -1 && code == ENOENT)
  }
}
