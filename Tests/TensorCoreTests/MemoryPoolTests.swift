import TensorCore
import Testing

@Suite(.serialized) struct MemoryPoolTests {
  /// Small sizes one by one, and then the neighbourhoods of every class boundary up to 64 GiB.
  @Test func sizeClassesCoverWithLittleWaste() {
    let large = (13..<36).flatMap { exponent in
      (8...16).flatMap { step in (-1...1).map { (step << (exponent - 3)) + $0 } }
    }
    for byteCount in Array(0...8192) + large {
      let size = MemoryPool.sizeClass(byteCount).size
      #expect(size >= byteCount && size.isMultiple(of: 64))
      #expect(size - byteCount <= max(64, size / 8), "\(byteCount) bytes in \(size)")
    }
  }

  @Test func classesAreOrderedAndConsistent() {
    var (lastIndex, lastSize) = (0, 0)
    for byteCount in stride(from: 1, through: 1 << 20, by: 32) {
      let (index, size) = MemoryPool.sizeClass(byteCount)
      #expect(MemoryPool.sizeClass(size) == (index, size), "a block returns to its own class")
      #expect(MemoryPool.size(ofClass: index) == size)
      #expect((index == lastIndex) == (size == lastSize))
      #expect(index >= lastIndex && size >= lastSize)
      (lastIndex, lastSize) = (index, size)
    }
  }

  @Test func unusedBlocksAreGivenBack() async {
    await #expect(processExitsWith: .success) {
      let kept = Tensor.full([1000], 7)
      for count in [3, 700, 100_000, 5_000_000] { _ = Tensor.ones([count]) }
      let before = MemoryPool.statistics
      let freed = MemoryPool.trim()
      let after = MemoryPool.statistics
      #expect(freed >= 4 * 5_100_703 && after.systemBytes == before.systemBytes - freed)
      #expect(after.usedBytes == before.usedBytes && after.systemBytes == after.usedBytes)
      #expect(MemoryPool.trim() == 0 && kept.floats.allSatisfy { $0 == 7 })
      #expect(Tensor.ones([100_000]).sum().item() == 100_000, "and taken anew")
    }
  }

  @Test func blocksAreAlignedAndReused() async {
    await #expect(processExitsWith: .success) {
      let before = MemoryPool.statistics
      for count in [1, 100, 5000, 3_000_000] {
        var tensor: Tensor? = Tensor.zeros([count])
        let address = tensor.map { Int(bitPattern: $0.storage.pointer) } ?? 1
        #expect(address.isMultiple(of: count > 1_000_000 ? 2 << 20 : 64))
        let allocations = MemoryPool.statistics.systemAllocations
        tensor = nil
        tensor = Tensor.ones([count])
        #expect(tensor.map { Int(bitPattern: $0.storage.pointer) } == address)
        #expect(MemoryPool.statistics.systemAllocations == allocations)
      }
      let after = MemoryPool.statistics
      #expect(after.usedBytes == before.usedBytes)
      #expect(after.systemAllocations == before.systemAllocations + 4)
      #expect(after.systemBytes - before.systemBytes >= 12_020_404)
      #expect(after.peakUsedBytes - before.usedBytes >= 12_000_000)
    }
  }

  @Test func viewsKeepTheirStorage() async {
    await #expect(processExitsWith: .success) {
      var base: Tensor? = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
      let view = base?.transposed()
      base = nil
      _ = Tensor.full([2, 2], 9)
      #expect(view?.floats == [1, 3, 2, 4])
    }
  }

  /// More than any address space has: what was asked for does not count as in use.
  @Test func outOfMemoryTellsWhatIsInUse() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let held = Tensor.zeros([1000])
      _ = Tensor.zeros([1 << 46])
      _ = held
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    let numbers = said.firstMatch(of: /no ([0-9]+) bytes for a tensor; ([0-9]+) are in use/)
    #expect(numbers?.1 == "281474976710656", "\(said)")
    #expect(numbers.flatMap { Int($0.2) }.map { $0 >= 4000 && $0 < 1 << 30 } == true, "\(said)")
  }
}
