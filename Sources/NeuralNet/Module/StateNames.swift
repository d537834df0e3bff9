/// The name that a tensor or module has in paths and checkpoints if `property` holds it: Swift's
/// camel case becomes the snake case of PyTorch's state dictionaries, so that files of weights go
/// both ways.
///
/// | property | name |
/// |---|---|
/// | `weight`, `linear1` | `weight`, `linear1` |
/// | `runningMean` | `running_mean` |
/// | `weightIh` | `weight_ih` |
/// | `outputURL`, `mlpURLHead` | `output_url`, `mlp_url_head` |
/// | `h_0`, `W` | `h_0`, `W` |
///
/// An underscore goes before every capital that begins a word, and capitals become small. A
/// property that has an underscore or begins with a capital is spelled as its key already, and
/// stays.
public func stateName(of property: String) -> String {
  let letters = Array(property)
  guard let first = letters.first, !first.isUppercase, !letters.contains("_") else {
    return property
  }
  var name = ""
  for (index, letter) in letters.enumerated() {
    if letter.isUppercase {
      let followsWord = !letters[index - 1].isUppercase
      let precedesWord = index + 1 < letters.count && letters[index + 1].isLowercase
      if followsWord || precedesWord { name += "_" }
    }
    name += letter.lowercased()
  }
  return name
}
