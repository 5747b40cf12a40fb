/** What a bucket is called. */
export function bucketName(fmt, bucket, grain) {
  if (grain === "hour") return fmt.moment(bucket);
  return grain === "month" ? fmt.month(bucket) : fmt.day(bucket);
}

/** The same of a row, with a word where the period holds only a part of the week or month. */
export function rowBucket(t, fmt, row, grain) {
  const name = bucketName(fmt, row.bucket, grain);
  return Number(row.is_part) === 1 ? t("bucket.part", { bucket: name }) : name;
}
