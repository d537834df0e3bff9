import TensorCore
import TestSupport
import Testing

@Suite struct ShapeTests {
  @Test func readsLikeAnArray() {
    var shape: Shape = [2, 3, 4]
    #expect(shape.count == 3 && shape[1] == 3 && shape.last == 4 && shape.elementCount == 24)
    #expect(shape.description == "[2, 3, 4]" && Shape().description == "[]")
    #expect(Shape().elementCount == 1 && Shape([3, 0, 2]).elementCount == 0)
    #expect(shape == Shape(shape[0...]) && shape != [2, 3] && shape != [2, 3, 5])
    shape.insert(7, at: 1)
    #expect(shape == [2, 7, 3, 4])
    shape.insert(9, at: 4)
    #expect(shape == [2, 7, 3, 4, 9])
    shape.remove(at: 0)
    #expect(shape == [7, 3, 4, 9])
    shape[3] = 1
    #expect(Array(shape) == [7, 3, 4, 1])
    #expect(Shape(repeating: 5, count: 8).elementCount == 390_625)
  }

  @Test func equalityIgnoresWhatIsBeyondTheCount() {
    var shape: Shape = [2, 3, 4]
    shape.remove(at: 2)
    #expect(shape == [2, 3])
  }

  @Test func contiguousStridesAreRowMajor() {
    #expect(Shape([2, 3, 4]).contiguousStrides == [12, 4, 1])
    #expect(Shape([5]).contiguousStrides == [1])
    #expect(Shape().contiguousStrides == [])
  }

  @Test(arguments: [(-3, 0), (-1, 2), (0, 0), (2, 2)])
  func axesCountFromEitherEnd(_ axis: Int, _ expected: Int) {
    #expect(Shape([2, 3, 4]).axis(axis, "test") == expected)
  }

  @Test(arguments: [
    ([2, 3], [2, 3], [2, 3]), ([2, 3], [3], [2, 3]), ([], [4], [4]), ([], [], []),
    ([3, 1], [1, 4], [3, 4]), ([2, 1, 4], [3, 1], [2, 3, 4]), ([1], [0], [0]),
    ([0, 4], [1, 4], [0, 4]), ([1, 1, 1], [5], [1, 1, 5]),
  ])
  func shapesBroadcast(_ a: [Int], _ b: [Int], _ expected: [Int]) {
    #expect(broadcast(Shape(a), Shape(b), "test") == Shape(expected))
    #expect(broadcast(Shape(b), Shape(a), "test") == Shape(expected))
  }

  @Test(arguments: [
    ([2, 3], [3, 1], true), ([2, 3], [1, 2], false), ([1, 3], [7, 1], true),
    ([3, 1], [1, 9], true),
    ([2, 3], [0, 1], false), ([2, 3], [-3, 1], false), ([0, 3], [9, 9], true), ([], [], true),
    ([2, 1, 3], [3, 5, 1], true), ([4], [2], false),
  ])
  func contiguityIsSeen(_ shape: [Int], _ strides: [Int], _ expected: Bool) {
    let storage = Storage(byteCount: 256)
    let tensor = Tensor(
      storage: storage, dtype: .float32, shape: Shape(shape), strides: Shape(strides), offset: 8)
    #expect(tensor.isContiguous == expected)
  }
}

/// Layouts for `RunPlan`: sizes of 0, 1 and more; strides that are contiguous, permuted, 0 or
/// negative.
private func randomCase(_ seed: UInt64) -> (shape: Shape, strides: [Shape]) {
  let words = Tensor.randomIntegers([64], in: 0..<1000, generator: Generator(seed: seed))
    .array(of: Int32.self).map(Int.init)
  let rank = words[0] % 6
  let shape = Shape((0..<rank).map { [1, 2, 3, 2, 1, 4, 5, 3, 2, 0][words[1 + $0] % 10] })
  let strides = (0..<3).map { operand in
    var stride = 1
    var strides = Shape(repeating: 0, count: rank)
    for axis in (0..<rank).reversed() {
      let choice = words[10 + operand * 10 + axis] % 8
      strides[axis] = choice == 0 ? 0 : choice == 1 ? -stride : choice == 2 ? stride + 3 : stride
      stride *= max(1, shape[axis])
    }
    return strides
  }
  return (shape, strides)
}

@Suite struct RunPlanTests {
  /// Runs, written out element by element, must be what an odometer over the shape visits, in its
  /// order.
  @Test func visitsWhatAnOdometerVisits() {
    for seed in UInt64(0)..<2000 {
      let (shape, strides) = randomCase(seed)
      var visited: [[Int]] = []
      RunPlan<3>(shape, [strides[0], strides[1], strides[2]]).forEachRun { count, steps, offsets in
        for index in 0..<count { visited.append((0..<3).map { offsets[$0] + index * steps[$0] }) }
      }
      #expect(visited == odometer(shape, strides), "\(shape) \(strides)")
    }
  }

  private func odometer(_ shape: Shape, _ strides: [Shape]) -> [[Int]] {
    (0..<shape.elementCount).map { number in
      var rest = number
      var offsets = [0, 0, 0]
      for axis in (0..<shape.count).reversed() {
        for operand in 0..<3 { offsets[operand] += rest % shape[axis] * strides[operand][axis] }
        rest /= shape[axis]
      }
      return offsets
    }
  }

  @Test(arguments: [
    ([2, 3, 4], [12, 4, 1], 1), ([2, 3, 4], [24, 8, 2], 1), ([2, 3, 4], [12, 1, 4], 6),
    ([2, 3, 4], [0, 0, 0], 1), ([2, 3, 4], [16, 4, 1], 2), ([2, 1, 4], [4, 99, 1], 1),
    ([3, 4], [-4, -1], 1), ([], [], 1), ([0, 3], [3, 1], 0), ([5], [7], 1),
  ])
  func mergesWhatCanBeMerged(_ shape: [Int], _ strides: [Int], _ runs: Int) {
    var count = 0
    RunPlan<1>(Shape(shape), [Shape(strides)]).forEachRun { _, _, _ in count += 1 }
    #expect(count == runs)
  }
}
