import TensorCore
import Testing

/// Sums of no products are 0, and what is added to them stays.
@Suite struct EmptyProductTests {
  private func leaves(_ shapes: Shape...) -> [Tensor] {
    shapes.map { shape in
      let tensor = Tensor.full(shape, 3)
      tensor.requiresGrad = true
      return tensor
    }
  }

  /// Whether every leaf has a gradient of its shape, of the values given for the last.
  private func expectGradients(_ leaves: [Tensor], last: [Float] = []) {
    for leaf in leaves { #expect(leaf.grad?.shape == leaf.shape) }
    #expect(leaves.last?.grad?.floats == last)
  }

  @Test(arguments: [Shape([0]), [2, 0], [2, 4, 0], [0, 4, 0]])
  func linearGivesItsBias(_ shape: Shape) {
    let all = leaves(shape, [5, 0], [5])
    let y = linear(all[0], all[1], all[2])
    var expected = shape
    expected[shape.count - 1] = 5
    #expect(y.shape == expected && y.floats.allSatisfy { $0 == 3 })
    y.sum().backward()
    let rows = Float(expected.elementCount / 5)
    expectGradients(all, last: Array(repeating: rows, count: 5))
    let withoutBias = linear(all[0], all[1])
    #expect(withoutBias.shape == expected && withoutBias.floats.allSatisfy { $0 == 0 })
  }

  @Test func linearOfHalves() {
    let y = linear(
      .zeros([2, 3, 0], .float16), .zeros([5, 0], .float16), .full([5], 2, .float16))
    #expect(y.dtype == .float16 && y.floats == Array(repeating: 2, count: 30))
  }

  private static let products: [(a: Shape, b: Shape, result: Shape)] = [
    ([0], [0], []), ([3, 0], [0, 5], [3, 5]), ([2, 3, 0], [0, 5], [2, 3, 5]),
    ([2, 3, 0], [2, 0, 5], [2, 3, 5]), ([0], [2, 0, 5], [2, 5]), ([2, 3, 0], [0], [2, 3]),
  ]

  @Test(arguments: products)
  func matmulGivesZeros(_ a: Shape, _ b: Shape, _ result: Shape) {
    let all = leaves(a, b)
    let y = matmul(all[0], all[1])
    #expect(y.shape == result && y.floats.allSatisfy { $0 == 0 })
    y.sum().backward()
    expectGradients(all)
  }

  private static let equations: [(equation: String, shapes: [Shape], result: Shape)] = [
    ("ij,jk->ik", [[3, 0], [0, 5]], [3, 5]),
    ("bij,bjk->bik", [[2, 3, 0], [2, 0, 5]], [2, 3, 5]),
    ("ij->i", [[3, 0]], [3]), ("i,i->", [[0], [0]], []),
  ]

  @Test(arguments: equations)
  func einsumGivesZeros(_ equation: String, _ shapes: [Shape], _ result: Shape) {
    let all = shapes.flatMap { leaves($0) }
    let y = einsum(equation, all)
    #expect(y.shape == result && y.floats.allSatisfy { $0 == 0 })
    y.sum().backward()
    expectGradients(all)
  }
}
