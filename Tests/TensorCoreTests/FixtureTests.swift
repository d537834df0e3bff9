import TensorCore
import TestSupport
import Testing

@Suite struct FixtureTests {
  /// Values and gradients against PyTorch, in every layout; gradients also from a strided
  /// cotangent.
  @Test(arguments: operationTable.keys.sorted())
  func agreesWithPyTorch(_ key: String) throws {
    let (entry, cases) = try walked(key)
    #expect(!cases.isEmpty)
    for example in cases {
      let inputs = try example.inputs()
      for index in inputs.indices where example.tensor("gradient\(index)") != nil {
        inputs[index].requiresGrad = true
      }
      let output = try entry.call(example, inputs)
      let expected = try example.requiredTensor("output")
      expectClose(output, to: expected, within: entry.output, "\(example)")
      guard let cotangent = example.tensor("cotangent") else { continue }
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
  }

  @Test func everyOperationIsInTheTableOrListedAsMissing() throws {
    for family in try Fixture.families() where !["layers", "optimizers"].contains(family) {
      let here = operationTable.keys.filter { $0.hasPrefix(family + "/") }
        .map { String($0.dropFirst(family.count + 1)) }
      let missing = operationsNotYetHere[family] ?? []
      #expect(missing.isDisjoint(with: here), "\(family)")
      #expect(try Fixture(family).operations == missing.union(here), "\(family)")
    }
  }

  /// An entry must not go on leaving out cases when there are none left.
  @Test(arguments: operationTable.keys.sorted().filter { operationTable[$0]?.lacks != nil })
  func leavesOutCasesForAReason(_ key: String) throws {
    let known = try cases(of: key).count(where: \.hasKnownTypes)
    #expect(try walked(key).cases.count < known)
  }

  private func walked(_ key: String) throws -> (entry: TableEntry, cases: [FixtureCase]) {
    let entry = try #require(operationTable[key])
    return (
      entry,
      try cases(of: key).filter { example in
        try example.hasKnownTypes && !(entry.lacks?(example) ?? false)
      }
    )
  }

  private func cases(of key: String) throws -> [FixtureCase] {
    let parts = key.split(separator: "/").map(String.init)
    return try Fixture(parts[0]).cases(of: parts[1])
  }
}
