import LockstepCommand
import Testing

/// What `lockstep launch` says of ranks that the kernel has ended for lack of memory.
@Suite struct MemoryKillTests {
  @Test func theKernelCountsThem() {
    #expect(MemoryKills.count { _ in "nr_free_pages 5\noom_kill 3\nnuma_hit 1\n" } == 3)
    #expect(MemoryKills.count { _ in "nr_free_pages 5\n" } == nil)
    #expect(MemoryKills.count { _ in nil } == nil)
  }

  @Test func onlyWhatIsNewIsSaid() {
    let note = MemoryKills.note(status: 137, before: 3, after: 5)
    #expect(
      note
        == "note: while the job ran, the kernel of this host has ended 2 process(es) for lack of memory: "
        + "use smaller batches, a smaller model or fewer ranks\n")
    #expect(MemoryKills.note(status: 137, before: 3, after: 3) == nil)
    #expect(MemoryKills.note(status: 75, before: 3, after: 4) == nil)
    #expect(MemoryKills.note(status: 137, before: nil, after: 4) == nil)
  }
}
