from . import Anything

SGD = AdamW = Anything
