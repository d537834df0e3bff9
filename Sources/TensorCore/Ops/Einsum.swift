import Diagnostics

/// The sum of products that `equation` names: `einsum("bij,bjk->bik", a, b)`.
///
/// Each operand has one letter per axis; letters that are not in the result are summed over.
/// Without `->` the result has the letters that occur once, in alphabetical order. A letter that
/// occurs twice in one operand takes its diagonal.
public func einsum(_ equation: String, _ operands: Tensor...) -> Tensor {
  einsum(equation, operands)
}

/// The same of a list of operands.
public func einsum(_ equation: String, _ operands: [Tensor]) -> Tensor {
  let sides = equation.filter { $0 != " " }.split(separator: "-", omittingEmptySubsequences: false)
  let inputs = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
  check(
    sides.count <= 2 && (sides.count == 1 || sides[1].first == ">"),
    "einsum: \(equation): expected one ->")
  check(
    inputs.count == operands.count && !operands.isEmpty,
    "einsum: \(equation): \(inputs.count) operands in the equation, \(operands.count) given")
  let output = sides.count == 2 ? Array(sides[1].dropFirst()) : lettersThatOccurOnce(inputs)

  var terms: [Term] = []
  for (letters, operand) in zip(inputs, operands) {
    check(
      letters.count == operand.rank && letters.allSatisfy(\.isLetter),
      "einsum: \(equation): '\(String(letters))' for an operand of shape \(operand.shape)")
    terms.append(Term(letters: letters, tensor: operand).withoutRepeats())
  }
  check(
    Set(output).count == output.count && output.allSatisfy(inputs.joined().contains),
    "einsum: \(equation): each letter of the result must occur once in it and in an operand")
  var result = terms[0]
  for (index, term) in terms.enumerated().dropFirst() {
    let needed = Set(output).union(terms[(index + 1)...].flatMap(\.letters))
    result = result.contracted(with: term, keeping: needed, equation)
  }
  return result.summed(keeping: Set(output)).permuted(to: output)
}

private func lettersThatOccurOnce(_ inputs: [[Character]]) -> [Character] {
  let all = Array(inputs.joined())
  return all.filter { letter in all.count { $0 == letter } == 1 }.sorted()
}

/// A tensor with a letter for each axis.
private struct Term {
  var letters: [Character]
  var tensor: Tensor

  /// Takes the diagonal of letters that occur twice.
  func withoutRepeats() -> Term {
    for (index, letter) in letters.enumerated() {
      guard let first = letters[..<index].firstIndex(of: letter) else { continue }
      let rest = letters.enumerated().filter { $0.offset != first && $0.offset != index }
      return Term(
        letters: rest.map(\.element) + [letter], tensor: tensor.diagonal(axes: (first, index))
      ).withoutRepeats()
    }
    return self
  }

  func summed(keeping kept: Set<Character>) -> Term {
    let axes = letters.indices.filter { !kept.contains(letters[$0]) }
    guard !axes.isEmpty else { return self }
    return Term(letters: letters.filter(kept.contains), tensor: tensor.sum(axes: axes))
  }

  func permuted(to order: [Character]) -> Tensor {
    if order == letters { return tensor }
    return tensor.permuted(order.compactMap(letters.firstIndex(of:)))
  }

  private func size(_ letter: Character) -> Int {
    letters.firstIndex(of: letter).map { tensor.shape[$0] } ?? 1
  }

  /// The product with `other`, summed over all letters but `kept`: one batched matrix product.
  func contracted(with other: Term, keeping kept: Set<Character>, _ equation: String) -> Term {
    let a = summed(keeping: kept.union(other.letters))
    let b = other.summed(keeping: kept.union(letters))
    for letter in a.letters where b.letters.contains(letter) {
      check(
        a.size(letter) == b.size(letter),
        "einsum: \(equation): '\(letter)' has sizes \(a.size(letter)) and \(b.size(letter))")
    }
    let common = a.letters.filter(b.letters.contains)
    let batch = common.filter(kept.contains)
    let inner = common.filter { !kept.contains($0) }
    let left = a.letters.filter { !common.contains($0) }
    let right = b.letters.filter { !common.contains($0) }
    func matrices(_ term: Term, _ rows: [Character], _ columns: [Character]) -> Tensor {
      func size(_ letters: [Character]) -> Int { letters.reduce(1) { $0 * term.size($1) } }
      return term.permuted(to: batch + rows + columns)
        .reshaped([size(batch), size(rows), size(columns)])
    }
    let product = matmul(matrices(a, left, inner), matrices(b, inner, right))
    let shape = Shape(batch.map(a.size) + left.map(a.size) + right.map(b.size))
    return Term(letters: batch + left + right, tensor: product.reshaped(shape))
  }
}
