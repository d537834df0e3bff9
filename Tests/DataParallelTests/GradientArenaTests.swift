import DataParallel
import Elements
import TensorCore
import Testing

@Suite struct GradientArenaTests {
  @Test func leavesAccumulateInTheirParts() {
    let parameters = [Tensor.ones([2, 2]), Tensor.ones([3])]
    for parameter in parameters { parameter.requiresGrad = true }
    parameters[0].grad = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
    let plan = BucketPlan(parameters.map { ($0.count, $0.dtype) }, bucketBytes: 64)
    let arena = GradientArena(
      plan.slots, for: parameters.compactMap(\.leaf), in: Storage(byteCount: plan.byteCount))
    #expect(parameters[0].grad?.storage === arena.storage)
    #expect(parameters[1].grad == nil)
    (parameters[0].sum() * parameters[1].sum()).backward()
    let values = Tensor(
      storage: arena.storage, dtype: .float32, shape: [32], strides: [1], offset: 0
    ).floats
    #expect(Array(values[16..<20]) == [4, 5, 6, 7], "what was there is added to")
    #expect(Array(values[0..<3]) == [4, 4, 4])
    #expect(values[3..<16].allSatisfy { $0 == 0 } && values[20...].allSatisfy { $0 == 0 })
  }
}
