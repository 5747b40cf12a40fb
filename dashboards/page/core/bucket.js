/** What a bucket is called. */
export function bucketName(fmt, bucket, grain) {
  if (grain === "hour") return fmt.moment(bucket);
  return grain === "month" ? fmt.month(bucket) : fmt.day(bucket);
}
