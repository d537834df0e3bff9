import TensorCore
import TestSupport
import Testing

@Suite struct FixtureTests {
  /// Values and gradients against PyTorch, in every layout; gradients also from a strided
  /// cotangent.
  @Test(
    arguments: families.flatMap { family in family.table.keys.sorted().map { [family.name, $0] } })
  func agreesWithPyTorch(_ key: [String]) throws {
    let family = try #require(families.first { $0.name == key[0] })
    let entry = try #require(family.table[key[1]])
    let cases = try Fixture(key[0]).cases(of: key[1])
    #expect(!cases.isEmpty)
    for example in cases { try check(example, entry) }
  }

  private func check(_ example: FixtureCase, _ entry: TableEntry) throws {
    let inputs = try example.inputs()
    for index in inputs.indices where example.tensor("gradient\(index)") != nil {
      inputs[index].requiresGrad = true
    }
    let outputs = try entry.call(example, inputs)
    #expect(outputs.count == example.outputCount, "\(example)")
    for (index, output) in outputs.enumerated() {
      let expected = try example.output(index)
      expectClose(output, to: expected, within: entry.output, "\(example), output \(index)")
    }
    guard let cotangent = example.tensor("cotangent"), let output = outputs.first else { return }
    for layout in [Layout.contiguous, .sliced, .transposed] {
      output.backward(gradient: cotangent.laidOut(layout), retainGraph: true)
      for (index, input) in inputs.enumerated() {
        guard let expected = example.tensor("gradient\(index)") else { continue }
        let gradient = try #require(input.grad, "\(example): no gradient of input \(index)")
        expectClose(
          gradient, to: expected, within: entry.gradients,
          "\(example), gradient \(index), \(layout) cotangent")
        input.grad = nil
      }
    }
  }

  @Test func everyFileHasAFamily() throws {
    let others = ["layers", "optimizers", "precision"]
    let names = try Fixture.families().filter { !others.contains($0) }
    #expect(families.map(\.name).sorted() == names)
  }

  @Test(arguments: families.indices)
  func everyOperationIsInTheTable(_ index: Int) throws {
    let family = families[index]
    #expect(try Fixture(family.name).operations == Set(family.table.keys), "\(family.name)")
  }
}
