"""One async function for each method of the service, in files by what they serve."""
