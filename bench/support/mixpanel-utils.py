# Takes one property from whoever has it, as the documentation of mixpanel-utils does it: query, backup, unset. For the bench of cleanup.
import sys

from mixpanel_utils import MixpanelUtils

url, name = sys.argv[1], sys.argv[2]
# The local Mixpanel has the query API under its present path.
MixpanelUtils.VERSION = "query"
utils = MixpanelUtils("sa_secret", token="t", service_account_username="sa", project_id=1)
utils.import_api = url
utils.formatted_api = url + "/api"
count = utils.people_unset(
    [name],
    query_params={"where": 'defined(properties["%s"])' % name, "output_properties": '["%s"]' % name},
)
print(count)
