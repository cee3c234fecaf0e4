"""S3 as Ray Train may use it with the rights of a workload, which end at its areas of the lake."""

from __future__ import annotations

from pyarrow import NativeFile, fs


class Folderless(fs.FileSystemHandler):  # type: ignore[misc]  # pyarrow has no types
    """A file system of S3, in which folders are not made: an object store has none, and an object needs none.

    Ray Train makes a folder before it writes into it. pyarrow then asks for the whole bucket (HeadBucket), which a
    workload may not: S3 lets only those who may list all of it (``s3:ListBucket`` without a prefix). What is asked for
    here is the objects, and lists below a prefix.

    Args:
        filesystem: the file system that does all else. Picklable: Ray brings it to its workers.
    """

    def __init__(self, filesystem: fs.FileSystem) -> None:
        self.filesystem = filesystem

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Folderless) and bool(self.filesystem == other.filesystem)

    def __hash__(self) -> int:
        return hash(type(self))

    def get_type_name(self) -> str:
        return f"folderless+{self.filesystem.type_name}"

    def normalize_path(self, path: str) -> str:
        return str(self.filesystem.normalize_path(path))

    def create_dir(self, path: str, recursive: bool) -> None:
        """Nothing: see the class."""

    def get_file_info(self, paths: list[str]) -> list[fs.FileInfo]:
        found: list[fs.FileInfo] = self.filesystem.get_file_info(paths)
        return found

    def get_file_info_selector(self, selector: fs.FileSelector) -> list[fs.FileInfo]:
        found: list[fs.FileInfo] = self.filesystem.get_file_info(selector)
        return found

    def delete_dir(self, path: str) -> None:
        self.filesystem.delete_dir(path)

    def delete_dir_contents(self, path: str, missing_dir_ok: bool = False) -> None:
        self.filesystem.delete_dir_contents(path, missing_dir_ok=missing_dir_ok)

    def delete_root_dir_contents(self) -> None:
        raise NotImplementedError("Nobody removes all that is in S3.")

    def delete_file(self, path: str) -> None:
        self.filesystem.delete_file(path)

    def move(self, src: str, dest: str) -> None:
        self.filesystem.move(src, dest)

    def copy_file(self, src: str, dest: str) -> None:
        self.filesystem.copy_file(src, dest)

    def open_input_stream(self, path: str) -> NativeFile:
        return self.filesystem.open_input_stream(path)

    def open_input_file(self, path: str) -> NativeFile:
        return self.filesystem.open_input_file(path)

    def open_output_stream(self, path: str, metadata: dict[str, str]) -> NativeFile:
        return self.filesystem.open_output_stream(path, metadata=metadata)

    def open_append_stream(self, path: str, metadata: dict[str, str]) -> NativeFile:
        return self.filesystem.open_append_stream(path, metadata=metadata)
