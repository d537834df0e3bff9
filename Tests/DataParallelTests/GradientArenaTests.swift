import Communication
import DataParallel
import TensorCore
import Testing

@Suite struct GradientArenaTests {
  @Test(arguments: [
    ([], [], 0), ([16], [0], 16), ([1], [0], 16), ([3, 16, 17], [48, 32, 0], 64),
    ([0, 5], [16, 0], 16), ([100, 0, 1], [16, 16, 0], 128),
  ])
  func gradientsLieInReverseOrderOnCacheLines(_ counts: [Int], _ offsets: [Int], _ total: Int) {
    let layout = GradientArena.offsets(of: counts)
    #expect(layout.offsets == offsets && layout.total == total)
  }

  @Test func partsNeverOverlap() {
    let counts = Tensor.randomIntegers([200], in: 0..<300, generator: Generator(seed: 6))
      .array(of: Int32.self).map(Int.init)
    let (offsets, total) = GradientArena.offsets(of: counts)
    var end = 0
    for index in counts.indices.reversed() {
      #expect(offsets[index] >= end && offsets[index] < end + 16)
      #expect(offsets[index].isMultiple(of: 16))
      end = offsets[index] + counts[index]
    }
    #expect(total >= end && total < end + 16)
  }

  @Test func leavesAccumulateInTheirParts() {
    let parameters = [Tensor.ones([2, 2]), Tensor.ones([3])]
    for parameter in parameters { parameter.requiresGrad = true }
    parameters[0].grad = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
    let arena = GradientArena(for: parameters.compactMap(\.leaf), over: SoloCommunicator())
    #expect(parameters[0].grad?.storage === arena.values.storage)
    #expect(parameters[1].grad == nil)
    (parameters[0].sum() * parameters[1].sum()).backward()
    let values = arena.values.floats
    #expect(values.count == 32)
    #expect(Array(values[16..<20]) == [4, 5, 6, 7], "what was there is added to")
    #expect(Array(values[0..<3]) == [4, 4, 4])
    #expect(values[3..<16].allSatisfy { $0 == 0 } && values[20...].allSatisfy { $0 == 0 })
  }
}
