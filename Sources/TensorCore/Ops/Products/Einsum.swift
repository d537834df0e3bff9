import Diagnostics

/// The sum of products that `equation` names: `einsum("bij,bjk->bik", a, b)`.
///
/// Each operand has one letter per axis; letters that are not in the result are summed over.
/// Without `->` the result has the letters that occur once, in alphabetical order. A letter that
/// occurs twice in one operand takes its diagonal. `...` stands for the axes of an operand that have
/// no letter, aligned at the end: `einsum("...ij,...jk->...ik", a, b)`; without `->` they come first.
/// Axes of size 1 broadcast.
///
/// Several operands are multiplied from left to right, two at a time; of one operand the result may
/// be a view. Stops where the equation cannot be read, names another number of operands or axes
/// than there are, or gives one letter to different sizes.
public func einsum(_ equation: String, _ operands: Tensor...) -> Tensor {
  einsum(equation, operands)
}

/// The sum of products that `equation` names, of a list of operands; see
/// ``einsum(_:_:)-(_,Tensor...)``.
public func einsum(_ equation: String, _ operands: [Tensor]) -> Tensor {
  let sides = equation.filter { $0 != " " }.split(separator: "-", omittingEmptySubsequences: false)
  let inputs = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(
    AxisLetters.init)
  check(
    sides.count <= 2 && (sides.count == 1 || sides[1].first == ">"),
    "einsum: \(equation): expected one ->")
  check(
    inputs.count == operands.count && !operands.isEmpty,
    "einsum: \(equation): \(inputs.count) operands in the equation, \(operands.count) given")
  for (letters, operand) in zip(inputs, operands) {
    check(
      letters.fits(operand.axisCount),
      "einsum: \(equation): '\(letters.text)' for an operand of shape \(operand.shape)")
  }
  let most = zip(inputs, operands).map { $0.unnamed(in: $1.axisCount) }.max() ?? 0
  let terms = broadcasting(
    zip(inputs, operands).map { letters, operand in
      Term(letters: letters.all(letters.unnamed(in: operand.axisCount)), tensor: operand)
        .withoutRepeats(equation)
    }, equation)
  let output =
    sides.count == 2
    ? AxisLetters(sides[1].dropFirst()).all(most)
    : AxisLetters.ofUnnamed(most) + lettersThatOccurOnce(inputs.map(\.named))
  let known = Set(terms.flatMap(\.letters))
  check(
    Set(output).count == output.count && output.allSatisfy(known.contains),
    "einsum: \(equation): each letter of the result must occur once in it and in an operand")
  var result = terms[0]
  for (index, term) in terms.enumerated().dropFirst() {
    let needed = Set(output).union(terms[(index + 1)...].flatMap(\.letters))
    result = result.contracted(with: term, keeping: needed)
  }
  return result.summed(keeping: Set(output)).permuted(to: output)
}

private func lettersThatOccurOnce(_ inputs: [[Character]]) -> [Character] {
  let all = Array(inputs.joined())
  return all.filter { letter in all.count { $0 == letter } == 1 }.sorted()
}

/// `terms` without the axes of size 1 that are larger in another. Stops where sizes differ otherwise.
private func broadcasting(_ terms: [Term], _ equation: String) -> [Term] {
  var sizes: [Character: Int] = [:]
  for term in terms {
    for letter in term.letters where term.size(letter) != 1 {
      let size = sizes.updateValue(term.size(letter), forKey: letter) ?? term.size(letter)
      check(
        size == term.size(letter),
        "einsum: \(equation): '\(letter)' has sizes \(size) and \(term.size(letter))")
    }
  }
  return terms.map { term in
    let kept = term.letters.filter { term.size($0) != 1 || sizes[$0] == nil }
    let axes = term.letters.indices.filter { !kept.contains(term.letters[$0]) }
    return axes.isEmpty ? term : Term(letters: kept, tensor: term.tensor.squeezed(axes: axes))
  }
}

/// What an equation says of the axes of one tensor.
private struct AxisLetters {
  let text: String

  init(_ text: Substring) { self.text = String(text) }

  /// What is written before and behind the ellipsis; one part where there is none.
  private var parts: [String] {
    text.split(separator: "...", omittingEmptySubsequences: false).map(String.init)
  }

  /// The letters that are written.
  var named: [Character] { Array(parts.joined()) }

  func fits(_ axisCount: Int) -> Bool {
    named.allSatisfy(\.isLetter)
      && (parts.count == 1
        ? named.count == axisCount : parts.count == 2 && named.count <= axisCount)
  }

  /// How many of `axisCount` axes the ellipsis stands for.
  func unnamed(in axisCount: Int) -> Int { parts.count == 1 ? 0 : axisCount - named.count }

  /// A letter for each axis, where the ellipsis stands for `count`.
  func all(_ count: Int) -> [Character] {
    parts.count == 1 ? named : Array(parts[0]) + Self.ofUnnamed(count) + Array(parts[1])
  }

  /// Letters that nobody writes, for `count` axes: the last is the same for any number of them.
  static func ofUnnamed(_ count: Int) -> [Character] {
    (0..<count).reversed().compactMap { Unicode.Scalar(0xE000 + UInt32($0)).map(Character.init) }
  }
}

/// A tensor with a letter for each axis.
private struct Term {
  var letters: [Character]
  var tensor: Tensor

  /// Takes the diagonal of letters that occur twice.
  func withoutRepeats(_ equation: String) -> Term {
    for (index, letter) in letters.enumerated() {
      guard let first = letters[..<index].firstIndex(of: letter) else { continue }
      check(
        tensor.shape[first] == tensor.shape[index],
        """
        einsum: \(equation): '\(letter)' has sizes \(tensor.shape[first]) and \(tensor.shape[index]) \
        in one operand
        """)
      let rest = letters.enumerated().filter { $0.offset != first && $0.offset != index }
      return Term(
        letters: rest.map(\.element) + [letter], tensor: tensor.diagonal(axes: (first, index))
      ).withoutRepeats(equation)
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

  func size(_ letter: Character) -> Int {
    letters.firstIndex(of: letter).map { tensor.shape[$0] } ?? 1
  }

  /// The product with `other`, summed over all letters but `kept`: one batched matrix product.
  func contracted(with other: Term, keeping kept: Set<Character>) -> Term {
    let a = summed(keeping: kept.union(other.letters))
    let b = other.summed(keeping: kept.union(letters))
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
