import TensorCore
import TestSupport
import Testing

/// A value that tells where it is from: 100 i + 10 j + k.
private func numbered(_ shape: Shape, _ dtype: DType = .float32) -> Tensor {
  let values = (0..<shape.elementCount).map { number -> Int64 in
    var (rest, value, digit) = (number, 0, 1)
    for size in shape.reversed() {
      value += rest % size * digit
      rest /= size
      digit *= 10
    }
    return Int64(value)
  }
  return Tensor(values, shape: shape).converted(to: dtype)
}

@Suite struct SubscriptTests {
  private let x = numbered([3, 4, 5])

  private func expect(
    _ tensor: Tensor, _ shape: Shape, _ values: [Float],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(tensor.shape == shape, sourceLocation: sourceLocation)
    #expect(tensor.floats == values, sourceLocation: sourceLocation)
    #expect(tensor.storage === x.storage, "a view", sourceLocation: sourceLocation)
  }

  @Test func integersSelect() {
    expect(x[1, 2, 3], [], [123])
    expect(x[-1, -4, -5], [], [200])
    expect(x[0, 1], [5], [10, 11, 12, 13, 14])
    expect(x[2][3], [5], [230, 231, 232, 233, 234])
    let index = 1
    expect(x[index, .all, index], [4], [101, 111, 121, 131])
  }

  @Test func rangesKeepPart() {
    expect(x[1..<3, 0, 0], [2], [100, 200])
    expect(x[0, 1...2, 4], [2], [14, 24])
    expect(x[0, 0, 2...], [3], [2, 3, 4])
    expect(x[0, 0, ..<2], [2], [0, 1])
    expect(x[0, 0, ...2], [3], [0, 1, 2])
    expect(x[0, 0, (-2)...], [2], [3, 4])
    expect(x[0, 0, ..<(-3)], [2], [0, 1])
    expect(x[0, 0, ...(-2)], [4], [0, 1, 2, 3])
    expect(x[0, 0, ...(-1)], [5], [0, 1, 2, 3, 4])
    expect(x[0, 0, -3 ... -2], [2], [2, 3])
    expect(x[0, 0, -3 ... -1], [3], [2, 3, 4])
    expect(x[0, 0, -2..<0], [2], [3, 4])
    expect(x[0, 0, 2..<2], [0], [])
  }

  @Test func whatLiesBeyondTheAxisIsLeftOut() {
    expect(x[0, 0, 3..<99], [2], [3, 4])
    expect(x[0, 0, -99..<2], [2], [0, 1])
    expect(x[0, 0, 7...], [0], [])
    expect(x[0, 0, .range(from: 99, by: -3)], [2], [4, 1])
    expect(x[0, 0, .range(from: -99, by: -1)], [0], [])
    expect(x[0, 0, .every(.max)], [1], [0])
    expect(x[0, 0, .every(.min)], [1], [4])
  }

  @Test func stepsGoBothWays() {
    expect(x[0, 0, .every(2)], [3], [0, 2, 4])
    expect(x[0, .every(3), 0], [2], [0, 30])
    expect(x[0, 0, .every(-1)], [5], [4, 3, 2, 1, 0])
    expect(x[0, 0, .range(from: -1, to: nil, by: -2)], [3], [4, 2, 0])
    expect(x[0, 0, .range(from: 3, to: 0, by: -1)], [3], [3, 2, 1])
    expect(x[0, 0, .range(from: 1, to: -1)], [3], [1, 2, 3])
    expect(x[.every(-2), 0, 0], [2], [200, 0])
    expect(x[0, 0, .every(-1)][.every(-2)], [3], [0, 2, 4])
  }

  /// Against the meaning of a slice written out, for all small cases.
  @Test func slicesMeanWhatTheyMeanInPython() {
    for size in 0...4 {
      let tensor = Tensor((0..<size).map { Float($0) })
      let bounds = [nil] + (-6...6).map(Optional.some)
      for start in bounds {
        for end in bounds {
          for step in [-7, -3, -2, -1, 1, 2, 3, 7] {
            let result = tensor[.range(from: start, to: end, by: step)].floats
            #expect(
              result == python(size, start, end, step),
              "\(size): \(String(describing: start)), \(String(describing: end)), \(step)")
          }
        }
      }
    }
  }

  private func python(_ size: Int, _ start: Int?, _ end: Int?, _ step: Int) -> [Float] {
    func counted(_ index: Int) -> Int { index < 0 ? index + size : index }
    let first = start.map(counted) ?? (step > 0 ? 0 : size - 1)
    let last = end.map(counted) ?? (step > 0 ? size : -1)
    // Start from where the walk enters 0 ..< size, as Python clamps.
    var index = step > 0 ? max(0, first) : min(size - 1, first)
    var result: [Float] = []
    while step > 0 ? index < min(last, size) : index > max(last, -1) {
      result.append(Float(index))
      index += step
    }
    return result
  }

  @Test func axesAreAddedAndLeftOut() {
    expect(x[.newAxis, 0, 0, 1...2], [1, 2], [1, 2])
    expect(x[0, .newAxis, 0, 1...2, .newAxis], [1, 2, 1], [1, 2])
    let first = (0..<12).map { (index: Int) -> Float in Float(index / 4 * 100 + index % 4 * 10) }
    expect(x[.ellipsis, 0], [3, 4], first)
    expect(x[1, .ellipsis, 4], [4], [104, 114, 124, 134])
    expect(x[1, 1, 1, .ellipsis], [], [111])
    expect(x[.ellipsis, 2, 3, 4], [], [234])
    expect(x[.ellipsis, .newAxis, 4][0, 0], [1], [4])
    #expect(x[.ellipsis].shape == x.shape)
    #expect(x[.all].shape == x.shape)
    #expect(x[].shape == x.shape)
    #expect(x[.newAxis, .ellipsis, .newAxis].shape == [1, 3, 4, 5, 1])
  }

  @Test(arguments: DType.allCases) func everyTypeMoves(_ dtype: DType) {
    let y = numbered([2, 3], dtype)
    let expected = y.floats
    #expect(y[1, .every(-1)].floats == [expected[5], expected[4], expected[3]])
    y[0, 1...] = y[1, ..<2]
    #expect(y.dtype == dtype)
    #expect(y.floats == [expected[0]] + expected[3..<5] + expected[3...])
    let indices = Tensor([1, -2, 1] as [Int32])
    #expect(y[indices][1].floats == y[0].floats)
    y[Tensor([true, false])] = Tensor([0] as [Float])
    #expect(y[0].floats == [0, 0, 0])
  }

  @Test func assigningWritesThroughViews() {
    let base = Tensor.zeros([2, 3])
    let view = base.transposed()[1...]
    view[0] = Tensor([1, 2] as [Float])
    #expect(base.floats == [0, 1, 0, 0, 2, 0])
    base[.every(-1), .every(-1)][0, 0] = Tensor(Float(7))
    #expect(base.floats == [0, 1, 0, 0, 2, 7])
    base[.all, 0] = Tensor([3 as Int64])
    #expect(base.floats == [3, 1, 0, 3, 2, 7])
    base[.all, 1...] = base[.all, ..<2]
    #expect(base.floats == [3, 3, 1, 3, 3, 2], "as if the right side were read first")
    base[0] += 1
    #expect(base.floats == [4, 4, 2, 3, 3, 2])
  }

  @Test func indicesNameRows() {
    let x = numbered([3, 2])
    let y = x[Tensor([[2, 0], [-1, -3]] as [[Int64]])]
    #expect(y.shape == [2, 2, 2] && y.floats == [20, 21, 0, 1, 20, 21, 0, 1])
    #expect(x.transposed()[Tensor([1] as [Int64])].floats == [1, 11, 21])
    #expect(x[Tensor(Int64(1))].floats == [10, 11])
    #expect(x[Tensor([] as [Int64])].shape == [0, 2])
    x[Tensor([0, 2, 0] as [Int64])] = Tensor([[1, 2], [3, 4], [5, 6]] as [[Float]])
    #expect(x.floats == [5, 6, 10, 11, 3, 4], "the last of several stays")
    x.transposed()[Tensor([-1] as [Int64])] = Tensor(Float(9))
    #expect(x.floats == [5, 9, 10, 9, 3, 9])
    x[Tensor([1, 0] as [Int64])] = x[..<2]
    #expect(x.floats == [10, 9, 5, 9, 3, 9], "values are read before they are overwritten")
  }

  @Test func masksNameElements() {
    let x = numbered([2, 3])
    let mask = x .> 1
    #expect(x[mask].floats == [2, 10, 11, 12])
    #expect(x.transposed()[mask.transposed()].floats == [10, 11, 2, 12])
    #expect(x[Tensor([false, true])].floats == [10, 11, 12])
    #expect(x[Tensor(true)].shape == [1, 2, 3] && x[Tensor(false)].shape == [0, 2, 3])
    #expect(x.maskedSelected(Tensor([true, false, true])).floats == [0, 2, 10, 12])
    x[mask] = Tensor(Float(-1))
    #expect(x.floats == [0, 1, -1, -1, -1, -1])
    let view = x.transposed()
    view[view .< 0] = Tensor([1, 2, 3, 4] as [Float])
    #expect(x.floats == [0, 1, 3, 1, 2, 4])
    view[Tensor([false, false, true])] = Tensor([8, 9] as [Float])
    #expect(x.floats == [0, 1, 8, 1, 2, 9])
  }
}
