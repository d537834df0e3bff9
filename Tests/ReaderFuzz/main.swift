// Gives every reader of files inputs that are nearly right, and wants an error or a result of each: no
// trap, no hang, no more than 64 MB of memory. What input it is follows from its number and the seed.
import Diagnostics
import Glibc

/// How it is called.
struct Campaign {
  var readers: [FuzzedReader] = []
  var first = 0
  var inputs = 10_000
  var seed: UInt64 = 1

  init(_ words: [String]) {
    var words = words[...]
    while let word = words.popFirst() {
      switch word {
      case "--inputs": inputs = Self.number(word, words.popFirst())
      case "--from": first = Self.number(word, words.popFirst())
      case "--seed": seed = UInt64(Self.number(word, words.popFirst()))
      default:
        guard let reader = fuzzedReaders.first(where: { $0.name == word }) else {
          stop("ReaderFuzz: there is no reader \(word)", status: .usage)
        }
        readers.append(reader)
      }
    }
    if readers.isEmpty { readers = fuzzedReaders }
  }

  private static func number(_ option: String, _ text: String?) -> Int {
    guard let number = text.flatMap({ Int($0) }), number >= 0 else {
      stop("ReaderFuzz: \(option) needs a number", status: .usage)
    }
    return number
  }
}

let campaign = Campaign(Array(CommandLine.arguments.dropFirst()))
let watch = InputWatch()
for reader in campaign.readers {
  var (sound, refused, slowest) = (0, 0, 0.0)
  watch.begin(reader.name, seed: campaign.seed)
  for number in campaign.first..<campaign.first + campaign.inputs {
    let input = reader.input(number, seed: campaign.seed)
    let seconds = watch.time(number) {
      do {
        try reader.read(input)
        sound += 1
      } catch {
        // What is wrong is said in a line that fits a terminal.
        let sentence = error.report
        check(
          !sentence.isEmpty && sentence.utf8.count < 5000,
          "ReaderFuzz: input \(number) of \(reader.name) has a sentence of \(sentence.utf8.count) bytes"
        )
        refused += 1
      }
    }
    slowest = max(slowest, seconds)
  }
  print(
    "\(reader.name): \(campaign.inputs) inputs, \(sound) sound, \(refused) refused, "
      + "slowest \(Int(slowest * 1000)) ms")
  fflush(nil)
}
