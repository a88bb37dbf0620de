"""Pictures as MNIST and CIFAR hand them out: IDX, CIFAR's binary form and its Python archives, in folders too."""

from gradviz.training.data_files.pictures.read import WHERE, holds_pictures, read_pictures

__all__ = ["WHERE", "holds_pictures", "read_pictures"]
