"""The type of modules whose functions pickle with their file: `pixie.portable` makes them."""

import types


class PortableModule(types.ModuleType):
    """A fat module that pickles with its file, although modules do not pickle otherwise.

    A class of its own, so that cloudpickle asks it, too: a plain module it pickles by name where that name is imported.
    """

    def __reduce__(self):
        return self.__pixie__._reduce_module()
