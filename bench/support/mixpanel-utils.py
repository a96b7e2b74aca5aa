# Takes one property from whoever has it, or renames it where a new name is given, as the documentation of mixpanel-utils does it:
# query, backup, change. For the bench of cleanup.
import sys

from mixpanel_utils import MixpanelUtils

url, name = sys.argv[1], sys.argv[2]
# The local Mixpanel has the query API under its present path.
MixpanelUtils.VERSION = "query"
utils = MixpanelUtils("sa_secret", token="t", service_account_username="sa", project_id=1)
utils.import_api = url
utils.formatted_api = url + "/api"
query = {"where": 'defined(properties["%s"])' % name, "output_properties": '["%s"]' % name}
if len(sys.argv) > 3:
    count = utils.people_change_property_name(name, sys.argv[3], query_params=query)
else:
    count = utils.people_unset([name], query_params=query)
print(count)
