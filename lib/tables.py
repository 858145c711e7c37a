"""What the stages hand to one another: the columns of their tables and the shape of a crop."""

# rows, columns, RGB: uint8, dispersion along the columns, blue on the left.
CROP_SHAPE = (15, 480, 3)

# Label of a crop in a TFRecord whose lamp is none of the classes.
UNKNOWN_LABEL = -1

# RawData/DataTable/<folder>-<yyyymmddHHMM>.csv: as SpectralWorkbenchCrawler writes them, after an
# unnamed index column.
TABLE_COLUMNS = (
    "ID",
    "Title",
    "Author",
    "UploadDate",
    "Description",
    "ImageName",
    "ImageXsize",
    "ImageYsize",
    "keyword",
)

# RawData/Image_Labeled/labels.csv (s1): what labelling did with each row of each crawled table.
# group: rows whose images are duplicates share one; it travels on to the split.
LABELS_COLUMNS = (
    "image_path",
    "raw_id",
    "keyword",
    "table",
    "sha256",
    "group",
    "status",
    "reason",
)

# InputData/crops.csv (s2): one row a labelled photo. raw_id: name of its raw folder.
# status: "ok" with a crop, anything else with the reason why there is none.
# Box x0, y0, x1, y1: half-open, in pixels of the upright photo.
CROPS_COLUMNS = (
    "photo",
    "raw_id",
    "group",
    "crop",
    "x0",
    "y0",
    "x1",
    "y1",
    "axis",
    "blue_end",
    "angle_deg",
    "saturated",
    "quality",
    "status",
    "reason",
)

# InputData/splits.csv (s3): where each crop went. label: class id; split: a file's stem.
SPLITS_COLUMNS = ("crop", "label", "group", "split")
